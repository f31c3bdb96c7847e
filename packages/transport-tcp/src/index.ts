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
export type { EndCode } from './codes.ts';
export type { TcpCounters } from './counters.ts';
export type { TcpTransportOptions } from './options.ts';
export { tcpTransport, type TcpTransport } from './transport.ts';
