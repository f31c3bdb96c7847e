/**
 * Transport between the tabs and workers of one site, over BroadcastChannel: a group in one browser,
 * without any server.
 *
 * ```ts
 * const transport = broadcastTransport({ listen: 'todo/a' });
 * await transport.start({ cluster: 'todo', node: 'a', receive: (from, frame) => console.log(from, frame) });
 * transport.setPeers([{ id: 'b', address: 'todo/b' }]);
 * transport.send('b', [new Uint8Array([1, 2, 3])]);
 * ```
 *
 * @packageDocumentation
 */
export type { EndCode, TransportCounters } from '@quorate/connections';
export type { BroadcastChannelConstructor, PlatformBroadcastChannel } from './channel.ts';
export { broadcastLinks, type BroadcastLinksOptions, type BroadcastOptions } from './links.ts';
export { broadcastTransport, type BroadcastTransportOptions } from './transport.ts';
