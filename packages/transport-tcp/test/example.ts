import { fromUtf8, utf8 } from '@quorate/core';
import { tcpTransport } from '@quorate/transport-tcp';

const a = tcpTransport({ listen: '127.0.0.1:0' });
const b = tcpTransport({ listen: '127.0.0.1:0' });

const answered = new Promise<void>((resolve) => {
  void a.start({
    cluster: 'demo',
    node: 'a',
    receive: (from, frame) => {
      console.log(from, fromUtf8(frame)); // b hello too
      resolve();
    },
  });
});
await b.start({
  cluster: 'demo',
  node: 'b',
  receive: (from, frame) => {
    console.log(from, fromUtf8(frame)); // a hello
    // `b` was told no address: it answers on the connection that `a` has dialled.
    b.send(from, [utf8('hello too')]);
  },
});

const { address = 'unknown' } = b; // 127.0.0.1 and the port that was free
a.setPeers([{ id: 'b', address }]);
// Frames are kept while the connection is being made.
a.send('b', [utf8('hel'), utf8('lo')]);
await answered;

await a.close();
await b.close();
