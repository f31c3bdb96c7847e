/**
 * Snapshots that are not sound: refused with one of three codes, without a trace, and without more
 * memory than they are worth.
 */
import { describeError, type ErrorCode, QuorateError, type Random, utf8 } from '@quorate/core';
import { check, ConformanceError } from '../check.ts';
import type { Bench } from './bench.ts';
import { collect, cutAnywhere, places, stream } from './chunks.ts';
import type { Hosted } from './hosted.ts';
import type { MachineTests } from './options.ts';
import { watch } from './witness.ts';

const refusals: readonly ErrorCode[] = ['CORRUPT', 'FOREIGN_DATA', 'MALFORMED'];
const maxPlaces = 150;
/** The most that a snapshot may make a machine ask for at once, besides its own length. */
const maxAllocation = 16 * 1024 * 1024;

export function restoreTests({ test }: MachineTests): void {
  test('a snapshot that is cut short anywhere is refused, and changes nothing', async (bench) => {
    const { target, bytes } = await targetAndSnapshot(bench);
    await bench.unchanged(target, 'the state after refused snapshots', async () => {
      for (const length of places(bytes.length, maxPlaces, bench.random)) {
        const piece = bytes.slice(0, length);
        const accepted = await tryToRestore(target, piece, bench.random);
        check(!accepted, `a snapshot was restored of which ${String(length)} bytes were there`);
      }
    });
  });

  test('a snapshot that something follows is refused, and changes nothing', async (bench) => {
    const { target, bytes } = await targetAndSnapshot(bench);
    const more = [Uint8Array.of(0), Uint8Array.of(0xff), utf8('more'), bytes];
    await bench.unchanged(target, 'the state after refused snapshots', async () => {
      for (const behind of more) {
        const long = Uint8Array.from([...bytes, ...behind]);
        const accepted = await tryToRestore(target, long, bench.random);
        check(!accepted, 'a snapshot was restored though something follows its end');
      }
    });
  });

  test('something else than a snapshot is refused, and changes nothing', async (bench) => {
    const { target } = await targetAndSnapshot(bench);
    await bench.unchanged(target, 'the state after refused snapshots', async () => {
      for (let at = 0; at < 20; at++) {
        const length = bench.random.below(bench.random.pick([4, 50, 5000]));
        const noise = Uint8Array.from({ length }, () => bench.random.below(256));
        const foreign = bench.random.pick([noise, utf8('PK\u0003\u0004'), utf8('{"state":{}}')]);
        const accepted = await tryToRestore(target, foreign, bench.random);
        check(!accepted, `a snapshot was restored out of ${String(foreign.length)} random bytes`);
      }
    });
  });

  test('a snapshot that is damaged is refused in an orderly way, or restored', async (bench) => {
    const { bytes } = await targetAndSnapshot(bench);
    for (const at of places(bytes.length, maxPlaces >> 1, bench.random)) {
      for (const lie of [[0xff, 0xff, 0xff, 0xff], [0x7f], [bench.random.below(256)]]) {
        const damaged = bytes.slice();
        damaged.set(lie.slice(0, bytes.length - at), at);
        const target = bench.fresh();
        const { seen, end } = watch();
        try {
          await tryToRestore(target, damaged, bench.random);
        } finally {
          end();
        }
        check(
          seen.largest <= bytes.length + maxAllocation,
          `a snapshot of ${String(bytes.length)} bytes made the machine ask for room for ${String(seen.largest)}`,
        );
      }
    }
  });

  test(
    'a snapshot in which one bit has flipped is refused, and changes nothing',
    async (bench) => {
      const { target, bytes } = await targetAndSnapshot(bench);
      await bench.unchanged(target, 'the state after refused snapshots', async () => {
        for (const at of places(bytes.length, maxPlaces, bench.random)) {
          const damaged = bytes.slice();
          damaged[at] = (damaged[at] ?? 0) ^ (1 << bench.random.below(8));
          const accepted = await tryToRestore(target, damaged, bench.random);
          check(!accepted, `a snapshot was restored in which byte ${String(at)} was another one`);
        }
      });
    },
    ['damage'],
  );

  test('a source that fails fails the restore, and changes nothing', async (bench) => {
    const { target, bytes } = await targetAndSnapshot(bench);
    const failure = new Error('the source is gone');
    await bench.unchanged(target, 'the state after a source that failed', async () => {
      for (const length of [0, bytes.length >> 1, bytes.length]) {
        async function* failing(): AsyncGenerator<Uint8Array, void> {
          yield* stream([bytes.slice(0, length)]);
          throw failure;
        }
        const error: unknown = await target.machine.restore(failing()).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        check(error !== undefined, 'a restore succeeded although its source had failed');
      }
    });
  });

  test('after a refused snapshot a sound one is restored', async (bench) => {
    const { target, bytes, origin } = await targetAndSnapshot(bench);
    await tryToRestore(target, bytes.slice(0, bytes.length >> 1), bench.random);
    await target.machine.restore(stream([bytes]));
    await bench.same(target, origin, 'the state that was restored');
  });
}

/** A machine with a state of its own, and the snapshot of another one. */
async function targetAndSnapshot(
  bench: Bench,
): Promise<{ readonly target: Hosted; readonly bytes: Uint8Array; readonly origin: Hosted }> {
  const { hosted: target } = bench.lived();
  const { hosted: origin } = bench.lived();
  return { target, bytes: await collect(origin.machine.snapshot()), origin };
}

/** Whether the machine took the snapshot. Checks that it refused it in an orderly way otherwise. */
async function tryToRestore(hosted: Hosted, bytes: Uint8Array, random: Random): Promise<boolean> {
  try {
    await hosted.machine.restore(stream(cutAnywhere(bytes, random)));
    return true;
  } catch (error) {
    if (error instanceof QuorateError && refusals.includes(error.code)) return false;
    throw new ConformanceError(
      `a snapshot was refused with something else than ${refusals.join(', ')}: ${describeError(error)}`,
      error,
    );
  }
}
