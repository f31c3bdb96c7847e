/**
 * What links on Node have in common: sockets, ports and TLS.
 *
 * @packageDocumentation
 */
export { codeOfVerification, identityOf, urisOf } from './certificates.ts';
export { Credentials, type TlsOptions, tlsOptionNames, type TlsTrust } from './credentials.ts';
export { type Dialling, dialSocket, type Proof } from './dial.ts';
export { listenOn, type Port } from './listen.ts';
export { nodePlatform } from './platform.ts';
export { SocketLink } from './socket-link.ts';
export { type ClientCertificates, type HandshakeHandler, TlsAcceptor } from './tls-accept.ts';
