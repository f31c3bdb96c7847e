/**
 * What links on Node have in common: sockets, ports and TLS.
 *
 * @packageDocumentation
 */
export {
  checkClientPolicy,
  type ClientAccess,
  clientAccess,
  type ClientAccessFiles,
  type ClientPolicy,
  type ClientPolicyFiles,
  memberTls,
  type TlsFiles,
} from './access.ts';
export { codeOfVerification, identityOf, urisOf } from './certificates.ts';
export { Credentials, type TlsOptions, tlsOptionNames, type TlsTrust } from './credentials.ts';
export { type Dialling, dialSocket, type Proof } from './dial.ts';
export { listenOn, type Port } from './listen.ts';
export { nodePlatform } from './platform.ts';
export { readToken, readTokens } from './tokens.ts';
export { SocketLink } from './socket-link.ts';
export {
  type ClientCertificates,
  clientCertificatesNames,
  type HandshakeHandler,
  TlsAcceptor,
} from './tls-accept.ts';
