import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromUtf8, utf8 } from '@quorate/core';
import { levelStorage } from '@quorate/storage-level';

const directory = await mkdtemp(join(tmpdir(), 'quorate-'));
const owner = { cluster: 'demo', node: 'a', algorithm: 'raft' };

const storage = levelStorage({ directory });
await storage.open(owner);
await storage.write([
  { type: 'put', index: 1, record: utf8('hello') },
  { type: 'state', bytes: utf8('term 7') },
]);
await storage.close();

const again = levelStorage({ directory });
const recovered = await again.open(owner);
console.log(recovered.records); // { first: 1, last: 1 }
console.log(fromUtf8(recovered.state ?? utf8(''))); // term 7
await again.close();
await rm(directory, { recursive: true });
