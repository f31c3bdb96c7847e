/** A node in a thread of its own: sends back what it hears. Bundled for `threads.test.ts`. */
import { broadcastTransport } from '../src/index.ts';

const transport = broadcastTransport({ listen: 'threads/b', claimMs: 20, keepAliveMs: 100 });
await transport.start({
  cluster: 'threads',
  node: 'b',
  receive: (from, frame) => {
    transport.send(from, [frame]);
  },
});
