/**
 * Transport over TCP.
 *
 * ```ts
 * const transport = tcpTransport({ listen: '127.0.0.1:7001' });
 * await transport.start({ cluster: 'demo', node: 'a', receive: (from, frame) => console.log(from, frame) });
 * transport.setPeers([{ id: 'b', address: '127.0.0.1:7002' }]);
 * transport.send('b', [new Uint8Array([1, 2, 3])]);
 * ```
 *
 * @packageDocumentation
 */
export type { EndCode, TransportCounters } from '@quorate/connections';
export type { ClientCertificates, TlsOptions, TlsTrust } from '@quorate/connections/node';
export { tcpLinks, type TcpLinks, type TcpLinksOptions } from './links.ts';
export { tcpTransport, type TcpTransport, type TcpTransportOptions } from './transport.ts';
