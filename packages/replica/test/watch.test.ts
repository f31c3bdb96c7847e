/** A loop over the changes of a machine: in order, each once, and it ends however it is left. */
import { VirtualRuntime } from '@quorate/conformance/virtual-time';
import { encode, ByteWriter, writeEnvelope } from '@quorate/core';
import {
  kv,
  type KvAnswer,
  type KvCommand,
  type KvEvent,
  kvMachine,
  type KvQuery,
  type KvResult,
  type KvWatch,
} from '@quorate/machine-kv';
import { openReplica, type PayloadCaller, type Replica } from '@quorate/replica';
import { beforeEach, expect, it } from 'vitest';
import { FakeLog } from './fake-log.ts';
import { type Watched, watch as outcomeOf } from './world.ts';

type Log = FakeLog<PayloadCaller<KvResult>>;
type KvReplica = Replica<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent>;

const everything = kv.watch({ prefix: '' });
let runtime: VirtualRuntime;
let log: Log;
let replica: KvReplica;

beforeEach(async () => {
  runtime = new VirtualRuntime();
  ({ log, replica } = await open());
});

async function open(): Promise<{ readonly log: Log; readonly replica: KvReplica }> {
  const itsLog: Log = new FakeLog(runtime);
  const itself = await openReplica({ machine: kvMachine(), log: itsLog, runtime });
  return { log: itsLog, replica: itself };
}

/** Has a log decide commands, as one entry. */
function decide(commands: readonly KvCommand[], to: Log = log): void {
  const { commands: codec } = kvMachine();
  const payloads = commands.map((command) => {
    const writer = new ByteWriter();
    writeEnvelope({ type: 'command' }, writer);
    return writer.raw(encode(codec, command)).take();
  });
  to.deliver([{ payloads }]);
}

function next(events: AsyncIterator<KvEvent>): Watched<IteratorResult<KvEvent>> {
  return outcomeOf(events.next());
}

/** What the next event was of; `undefined`: the loop is at its end. */
function revisionOf({ outcome, value }: Watched<IteratorResult<KvEvent>>): number | undefined {
  expect(outcome).toBe('result');
  return value?.done === true ? undefined : value?.value.revision;
}

it('gives the changes in order, each once, also those that come while nobody asks', async () => {
  const events = replica.watch(everything);
  const first = next(events);
  await runtime.settle();
  expect(first.outcome).toBe('waiting');
  decide([kv.put('a', '1'), kv.put('b', '1')]);
  await runtime.settle();
  decide([kv.delete('a')]);
  const rest = [next(events), next(events), next(events)];
  await runtime.settle();
  expect([first, ...rest.slice(0, 2)].map(revisionOf)).toEqual([2, 3, 4]);
  expect(rest[2]?.outcome).toBe('waiting');
});

it.each([
  ['goes on by revisions', 1, undefined],
  ['says what is forgotten', 4, 'COMPACTED'],
] as const)('%s when a snapshot takes the place of the state', async (_does, compacted, code) => {
  const ahead = await open();
  for (const to of [log, ahead.log]) decide([kv.put('a', '1')], to);
  decide([kv.put('a', '2'), kv.put('b', '3')], ahead.log);
  if (compacted > 1) decide([kv.compact(compacted)], ahead.log);

  const events = replica.watch(kv.watch({ prefix: '' }, { revision: 2 }));
  const seen = next(events);
  const waiting = next(events);
  await runtime.settle();
  expect(revisionOf(seen)).toBe(2);
  expect(waiting.outcome).toBe('waiting');
  const { index, chunks } = ahead.log.consumer.snapshot();
  await log.restore(index, chunks);
  await runtime.settle();
  if (code === undefined) {
    const more = next(events);
    await runtime.settle();
    expect([waiting, more].map(revisionOf)).toEqual([3, 4]);
  } else expect(waiting.error).toMatchObject({ code });
});

it('ends for whoever waits when it is left from elsewhere', async () => {
  const events = replica.watch(everything);
  const waiting = next(events);
  await runtime.settle();
  const left = outcomeOf<unknown>(events.return?.() ?? Promise.resolve());
  await runtime.settle();
  expect(left.outcome).toBe('result');
  expect(revisionOf(waiting)).toBeUndefined();
  expect(replica.status.watches).toBe(0);
});

it('ends when its signal fires, whether somebody waits, reads or has not begun', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const [waits, reads] = [
    replica.watch(everything, { signal }),
    replica.watch(everything, { signal }),
  ];
  replica.watch(everything, { signal });
  const waiting = next(waits);
  decide([kv.put('a', '1'), kv.put('b', '1')]);
  const read = next(reads);
  await runtime.settle();
  expect([revisionOf(waiting), revisionOf(read)]).toEqual([2, 2]);
  const second = next(waits);
  await runtime.settle();
  expect(revisionOf(second)).toBe(3);
  const third = next(waits);
  await runtime.settle();
  controller.abort();
  const fourth = next(reads);
  const fifth = next(replica.watch(everything, { signal }));
  await runtime.settle();
  expect([third, fourth, fifth].map(revisionOf)).toEqual([undefined, undefined, undefined]);
  expect(replica.status.watches).toBe(0);
});

it('tells whoever waits that the replica has ended', async () => {
  const waiting = next(replica.watch(everything));
  await runtime.settle();
  await replica.close();
  await runtime.settle();
  expect(waiting.error).toMatchObject({ code: 'CLOSED' });
});
