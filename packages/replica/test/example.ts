import { fromUtf8 } from '@quorate/core';
import { expectType, kv, kvMachine } from '@quorate/machine-kv';
import { raft } from '@quorate/raft';
import { openReplica } from '@quorate/replica';
import { memoryStorage } from '@quorate/storage-memory';
import { memoryNetwork } from '@quorate/transport-memory';

// Three replicas in one process. For three processes, take another storage and transport.
const network = memoryNetwork();
const members = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
const replicas = await Promise.all(
  members.map(({ id }) =>
    openReplica({
      node: id,
      cluster: 'demo',
      members,
      machine: kvMachine(),
      algorithm: raft(),
      storage: memoryStorage(),
      transport: network.transport(),
    }),
  ),
);

// Any replica takes commands and answers queries.
await replicas[0]?.execute(kv.put('color', 'red'));
const answer = await replicas[1]?.query(kv.get('color'));
if (answer !== undefined) {
  const { pair } = expectType(answer, 'get');
  console.log(pair && fromUtf8(pair.value)); // red
}

await Promise.all(replicas.map((replica) => replica.close()));
