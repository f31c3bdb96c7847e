import { fromUtf8, utf8 } from '@quorate/core';
import { memoryNetwork } from '@quorate/transport-memory';

const network = memoryNetwork({ seed: 7 });
const members = [{ id: 'a' }, { id: 'b' }];
const a = network.transport();
const b = network.transport();

const heard = new Promise<void>((resolve) => {
  void a.start({ cluster: 'demo', node: 'a', receive: () => undefined });
  void b.start({
    cluster: 'demo',
    node: 'b',
    receive: (from, frame) => {
      console.log(from, fromUtf8(frame)); // a hello
      resolve();
    },
  });
});
a.setPeers(members);
b.setPeers(members);

network.isolate('b');
a.send('b', [utf8('nobody hears this')]);
network.heal();
a.send('b', [utf8('hel'), utf8('lo')]);
await heard;
console.log(network.counters['frames_cut']); // 1

await a.close();
await b.close();
