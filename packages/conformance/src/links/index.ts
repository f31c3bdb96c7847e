/**
 * The suites that every kind of links must pass: who gets in, and what strangers can do.
 *
 * @packageDocumentation
 */
export type { TestFramework } from '../framework.ts';
export { linkFuzzSuite } from './fuzz.ts';
export { linkSecuritySuite } from './security.ts';
export type {
  CertificateAuthority,
  CertificatePair,
  CertificateSubject,
  LinksHarness,
  LinkSuiteOptions,
  Tls,
} from './world.ts';
