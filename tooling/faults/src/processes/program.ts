/**
 * The program of a process that has a storage open. It is told what to do by its first argument, and
 * ends when whoever started it is gone.
 */
import { writeSync } from 'node:fs';
import { storageNamed } from '../storages.ts';
import { check } from './check.ts';
import { lineOf } from './events.ts';
import { live, type Say } from './life.ts';
import type { ProcessOrder } from './order.ts';

const output = 1;

// The pipe is blocking, and a line of a few hundred bytes is written at once or not at all.
const say: Say = (event) => {
  const line = Buffer.from(lineOf(event));
  for (let at = 0; at < line.length; ) at += writeSync(output, line, at);
};

// A tracer between the two does not pass on that it was killed; the closed pipe tells it anyway.
process.stdin.once('close', () => process.exit(1)).resume();

const order = JSON.parse(process.argv[2] ?? '') as ProcessOrder;
const storage = await storageNamed(order.storage);
const create = () => storage(order.directory);
say({ type: 'started', pid: process.pid });
switch (order.type) {
  case 'live':
    await live(create(), order, say);
    break;
  case 'check':
    await check(create, order, say);
    break;
}
process.exit(0);
