/**
 * Connections: what every transport and every client of Quorate stands on.
 *
 * @packageDocumentation
 */
export {
  type Expected,
  type Identity,
  identityUri,
  judgeMember,
  parseIdentityUri,
} from './identity.ts';
export {
  type Link,
  type LinkCode,
  linkCodes,
  type LinkEnd,
  type LinkHandler,
  type Links,
  type Listener,
} from './link.ts';
