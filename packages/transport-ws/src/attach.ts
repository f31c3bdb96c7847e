/**
 * WebSockets on a server that somebody else has: its requests, its port and its end are left alone.
 */
import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Link, LinkHandler, Listener } from '@quorate/connections';
import type { Upgrades } from './upgrades.ts';
import { WsLink } from './ws-link.ts';

/** Takes up what is asked for on this path. */
export function attachTo(
  server: Server,
  path: string,
  upgrades: Upgrades,
  accept: (link: Link) => LinkHandler | undefined,
): Listener {
  const take = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url?.split('?', 1)[0] !== path) {
      // Another listener's; where there is none, nobody would ever answer.
      if (server.listenerCount('upgrade') === 1) socket.destroy();
      return;
    }
    // The types allow for any stream; what a server has accepted is a socket.
    if (!(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const link = new WsLink(socket);
    const handler = accept(link);
    if (handler === undefined) {
      socket.destroy();
      return;
    }
    link.attach(handler);
    const proof = { type: 'proven', identity: undefined } as const;
    upgrades.upgrade(request, socket, head, { link, proof });
  };
  server.on('upgrade', take);
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return {
    // Under which name it is reached only its owner knows.
    address: `ws://localhost:${port}${path}`,
    close: () => {
      server.off('upgrade', take);
      return Promise.resolve();
    },
  };
}
