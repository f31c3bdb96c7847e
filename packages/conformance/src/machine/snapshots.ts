/**
 * Snapshots: the whole state, as of the call, whatever goes on while the chunks travel; and restores
 * that put it in the place of whatever was there.
 */
import { concatBytes } from '@quorate/core';
import { check, equal } from '../check.ts';
import type { Bench, Life } from './bench.ts';
import { checkUnchanged, collect, cutAnywhere, cutEvery, stream } from './chunks.ts';
import type { Hosted } from './hosted.ts';
import type { MachineTests } from './options.ts';

/** The points of a history at which a snapshot is taken. */
const points = [0, 0.03, 0.3, 0.7, 1];

export function snapshotTests({ test }: MachineTests): void {
  test('a snapshot brings back the state at any point, and all that comes after is the same', async (bench) => {
    for (const point of points) {
      const { hosted, script } = bench.lived(Math.floor(bench.length * point));
      const copy = await bench.twin(hosted);
      await bench.same(copy, hosted, 'the state that was restored');
      await goOnAlike(bench, copy, { hosted, script });
    }
  });

  test('a snapshot takes the place of whatever was there', async (bench) => {
    for (const point of points) {
      const { hosted, script } = bench.lived(Math.floor(bench.length * point));
      const target = bench.lived().hosted;
      await target.machine.restore(hosted.machine.snapshot());
      await bench.same(target, hosted, 'the state that was restored over another');
      await goOnAlike(bench, target, { hosted, script });
    }
  });

  test('taking a snapshot changes nothing', async (bench) => {
    const { hosted, script, steps } = bench.lived();
    const left = bench.fresh();
    left.doAll(steps);
    await collect(hosted.machine.snapshot());
    hosted.machine.snapshot();
    const abandoned = hosted.machine.snapshot()[Symbol.asyncIterator]();
    await abandoned.next();
    await abandoned.return?.();
    await bench.same(
      hosted,
      left,
      'the state after a snapshot that was read, and two that were not',
    );
    await goOnAlike(bench, left, { hosted, script });
  });

  test(
    'equal states have equal snapshots',
    async (bench) => {
      const { hosted } = bench.lived();
      const bytes = await collect(hosted.machine.snapshot());
      equal(await collect(hosted.machine.snapshot()), bytes, 'the snapshot, taken again');
      const copy = await bench.restored([bytes]);
      equal(await collect(copy.machine.snapshot()), bytes, 'the snapshot of what was restored');
    },
    ['equalSnapshots'],
  );

  test('a snapshot may arrive cut anywhere, in memory that is used again', async (bench) => {
    const { hosted, script } = bench.lived();
    const bytes = await collect(hosted.machine.snapshot());
    const ways = [
      ...[1, 3, 7, 4096].map((length) => cutEvery(bytes, length)),
      cutAnywhere(bytes, bench.random),
      [bytes.slice()],
    ];
    for (const pieces of ways) {
      const copy = await bench.restored(pieces);
      for (const piece of pieces) piece.fill(0x5a);
      await bench.same(copy, hosted, 'the state that was restored');
    }
    const copy = await bench.restored(cutAnywhere(bytes, bench.random));
    await goOnAlike(bench, copy, { hosted, script });
  });

  test('a snapshot holds the state as of the call, also if it is read later', async (bench) => {
    const { hosted, script, steps } = bench.lived();
    const then = bench.fresh();
    then.doAll(steps);
    const snapshot = hosted.machine.snapshot();
    goOn(hosted, script, bench.length);
    await bench.same(await bench.restored(snapshot), then, 'the state in the snapshot');
  });

  test(
    'a snapshot holds the state as of the call, though commands are applied between its chunks',
    async (bench) => {
      const life = await bench.grown();
      const { hosted } = life;
      const then = await bench.twin(hosted);
      const chunks: Uint8Array[] = [];
      const copies: Uint8Array[] = [];
      for await (const chunk of hosted.machine.snapshot()) {
        chunks.push(chunk);
        copies.push(chunk.slice());
        disturb(bench, life);
      }
      checkUnchanged(chunks, copies);
      await bench.same(await bench.restored(copies), then, 'the state in the snapshot');
      const now = await bench.twin(hosted);
      await bench.same(now, hosted, 'the state in a snapshot that was taken afterwards');
    },
    ['growth'],
  );

  test(
    'snapshots of two moments, read in turns, hold the state of their own',
    async (bench) => {
      const life = await bench.grown();
      const { hosted } = life;
      const moments = [];
      for (let moment = 0; moment < 2; moment++) {
        const then = await bench.twin(hosted);
        const chunks = hosted.machine.snapshot()[Symbol.asyncIterator]();
        moments.push({ then, chunks, read: [] as Uint8Array[], done: false });
        disturb(bench, life);
      }
      while (moments.some(({ done }) => !done)) {
        for (const moment of moments) {
          const item = moment.done ? undefined : await moment.chunks.next();
          if (item === undefined) continue;
          if (item.done === true) moment.done = true;
          else moment.read.push(item.value.slice());
        }
        disturb(bench, life);
      }
      for (const { read, then } of moments) {
        await bench.same(await bench.restored(read), then, 'the state in one of two snapshots');
      }
    },
    ['growth'],
  );

  test(
    'a large snapshot may arrive cut anywhere, and none of it is missing',
    async (bench) => {
      const { hosted } = await bench.grown();
      const bytes = await collect(hosted.machine.snapshot());
      const copy = await bench.restored(cutAnywhere(bytes, bench.random));
      await bench.same(copy, hosted, 'the state that was restored');
      equal(
        (await collect(copy.machine.snapshot())).length,
        bytes.length,
        'the length of the snapshot of what was restored',
      );
    },
    ['growth'],
  );

  test('a restore waits for chunks, and takes empty ones', async (bench) => {
    const { hosted } = bench.lived();
    const bytes = await collect(hosted.machine.snapshot());
    const empty = new Uint8Array(0);
    const pieces = cutEvery(bytes, 50).flatMap((piece) => [empty, piece]);
    async function* slowly(): AsyncGenerator<Uint8Array, void> {
      for await (const piece of stream([...pieces, empty])) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        yield piece;
      }
    }
    const copy = await bench.restored(slowly());
    check(concatBytes(pieces).length === bytes.length, 'all pieces were handed over');
    await bench.same(copy, hosted, 'the state that was restored');
  });
}

/** Has both do the same, and checks that both do it alike. */
async function goOnAlike(
  bench: Bench,
  copy: Hosted,
  { hosted, script }: Pick<Life, 'hosted' | 'script'>,
): Promise<void> {
  for (let at = 0; at < bench.length >> 2; at++) {
    const step = script.next();
    equal(copy.do(step), hosted.do(step), 'an outcome after a restore');
  }
  await bench.same(copy, hosted, 'the state after more commands');
}

function goOn(hosted: Hosted, script: Life['script'], length: number): void {
  for (let at = 0; at < length; at++) hosted.do(script.next());
}

/** Ordinary commands, and again some of those that made the state large: they meet what is being written. */
function disturb(bench: Bench, { hosted, script, steps }: Life): void {
  goOn(hosted, script, 20);
  for (let at = 0; at < 20; at++) {
    const step = bench.random.pick(steps);
    if (step.type === 'command') hosted.do(script.bytes(step.bytes));
  }
}
