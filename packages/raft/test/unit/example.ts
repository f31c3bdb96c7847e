import { encodeEntry, membershipOf, seededRandom, utf8 } from '@quorate/core';
import { raft } from '@quorate/raft';

const algorithm = raft({ electionTimeoutMs: 500 });
const engine = algorithm.create({
  node: 'a',
  recovered: { state: undefined, records: undefined, snapshot: undefined, lastRecord: undefined },
  bootstrap: membershipOf([{ id: 'a' }]),
  random: seededRandom(1),
  now: 0,
});

function turn(): void {
  const { writes, committed } = engine.take();
  for (const { index } of committed) console.log(`committed ${String(index)}`);
  for (const { id } of writes) {
    engine.step({ type: 'stored', write: id }, 0);
    turn();
  }
}

engine.step({ type: 'tick' }, 0);
turn();
console.log(engine.status.role);

const entry = {
  kind: 'commands',
  time: 0,
  incarnation: 1,
  ticket: 1,
  payloads: [utf8('hello')],
} as const;
engine.step({ type: 'propose', ticket: 1, record: encodeEntry(entry, algorithm.headerBytes) }, 0);
turn();
