/**
 * Transport over WebSockets, on Node. In a browser the same import gives one that dials.
 *
 * ```ts
 * const transport = wsTransport({ listen: '127.0.0.1:7001' });
 * await transport.start({ cluster: 'demo', node: 'a', receive: (from, frame) => console.log(from, frame) });
 * transport.setPeers([{ id: 'b', address: 'ws://127.0.0.1:7002/quorate' }]);
 * transport.send('b', [new Uint8Array([1, 2, 3])]);
 * ```
 *
 * @packageDocumentation
 */
export type { EndCode, TransportCounters } from '@quorate/connections';
export type { ClientCertificates, TlsOptions, TlsTrust } from '@quorate/connections/node';
export { wsLinks, type WsLinks, type WsLinksOptions, type WsListenOptions } from './links.ts';
export { wsTransport, type WsTransport, type WsTransportOptions } from './transport.ts';
