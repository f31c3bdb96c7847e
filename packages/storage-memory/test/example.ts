import { utf8 } from '@quorate/core';
import { memoryDisk } from '@quorate/storage-memory';

const owner = { cluster: 'demo', node: 'a', algorithm: 'raft' };
const disk = memoryDisk();

const storage = disk.storage();
await storage.open(owner);
await storage.write([{ type: 'put', index: 1, record: utf8('kept') }]);

// Nobody waits for this one, and the power goes.
storage.write([{ type: 'put', index: 2, record: utf8('lost') }]).catch(() => undefined);
disk.crash();

const again = disk.storage();
const recovered = await again.open(owner);
console.log(recovered.records); // { first: 1, last: 1 }
await again.close();
