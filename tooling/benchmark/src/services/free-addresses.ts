/** Addresses that nobody has now: members have to know each other before anybody listens. */
import { createServer } from 'node:net';

const host = '127.0.0.1';

/** So many of them, `host:port`. All are held until all are found, then let go: so they differ. */
export async function freeAddresses(count: number): Promise<readonly string[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(0, host, resolve);
      });
      return server;
    }),
  );
  const addresses = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    return `${host}:${address.port}`;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return addresses;
}
