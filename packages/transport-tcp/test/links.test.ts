/** The links pass the suites of links: who gets in, and what strangers can do. */
import { makeAuthority } from '@quorate/certificates';
import { linkFuzzSuite, type LinksHarness, linkSecuritySuite } from '@quorate/conformance/links';
import { describe, it } from 'vitest';
import { tcpLinks, tcpTransport } from '../src/index.ts';

const harness: LinksHarness = {
  transport: (options, tls) =>
    tcpTransport({ listen: '127.0.0.1:0', ...options, ...(tls === undefined ? {} : { tls }) }),
  links: (tls) => tcpLinks(tls === undefined ? {} : { tls }),
  address: (address) => address,
  authority: () => makeAuthority(),
};

linkSecuritySuite({ framework: { describe, it }, name: 'who gets in', harness });
linkFuzzSuite({ framework: { describe, it }, name: 'strangers', harness });
