/** Sends back what it gets: the other end of the network floor. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Subject } from './subject.ts';

/** Listens on a free port of the loopback. */
export async function openEcho(): Promise<Subject> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever measures goes without a farewell.
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => socket.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return {
    leads: true,
    port: address.port,
    measure: () => Promise.reject(new TypeError('an echo measures nothing')),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
