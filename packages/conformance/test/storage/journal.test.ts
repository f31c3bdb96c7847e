/**
 * The suite on a disk that can do everything: power loss at every operation, in every way, and a
 * flip of every bit. A sound journal passes; one with a flaw is turned down by the test that is
 * there for it.
 */
import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import {
  type CrashCase,
  type Loss,
  type StorageHarness,
  storageSuite,
  type StorageSuiteOptions,
} from '../../src/storage/index.ts';
import { ByteDisk } from './byte-disk.ts';
import { type Flaw, Journal } from './journal.ts';
import { failuresOf, type Test, testsOf } from './running.ts';

const maxRecordBytes = 2 ** 20;

function harness(seed: number, flaw: Flaw | undefined): StorageHarness {
  const random = seededRandom(seed);
  const disk = new ByteDisk(random);
  return {
    storage: ({ retainSnapshots = 1 } = {}) =>
      new Journal(disk, maxRecordBytes, { retain: retainSnapshots, flaw }),
    crash: async () => disk.crash(random.pick(['nothing', 'unsynced', 'partly', 'garbage'])),
    operations: () => disk.operations,
    crashAt: (nth, loss) => disk.crashAt(nth, loss),
    crashed: () => disk.crashed,
    failNextWrite: async () => {
      disk.failing = true;
    },
    storedBytes: async () => disk.storedBytes,
    flipBit: async (at, bit) => disk.flipBit(at, bit),
    syncs: () => disk.syncs,
    storedSnapshots: async () => disk.names.filter((name) => /^[ps]/.test(name)).length,
    maxRecordBytes,
    remove: async () => undefined,
  };
}

function options(flaw?: Flaw): Omit<StorageSuiteOptions, 'framework' | 'name'> {
  return {
    create: async (seed) => harness(seed, flaw),
    // Its disk brings to itself what a failed sync left.
    without: ['damageRecord', 'damageSnapshot', 'failNextSync', 'kill'],
    seed: 1,
  };
}

const everyOperation = 'power loss before every operation';
const unsynced = `${everyOperation}: all that was not synced`;
const partly = `${everyOperation}: some of what was not synced`;
const garbage = `${everyOperation}: some of what was being written`;
const secondLoss = 'power loss, and another one while the storage opens';
const flips = 'S1, S3, S4: a flip of any bit';
const stagedFlips = 'a flip of a bit of what is staged';
const stagedCrash = 'what was staged under a name is taken up again after a power loss';
const model = 'behaves as a model does';

/** The tests that must find a flaw: each is the only one whose name begins like this. */
const foundBy: Readonly<Record<Flaw, readonly string[]>> = {
  'acknowledges a large batch before it is durable': [unsynced, partly],
  'writes a batch in two, and syncs between them': [unsynced, model],
  'keeps a torn tail': [partly, garbage, model],
  'takes damage for a torn tail': [flips],
  'refuses a torn tail': [partly, garbage, model],
  'cuts a torn tail one step too far': [partly, flips],
  'ignores checksums': [partly, garbage, flips],
  'trusts lengths': [flips],
  'cuts before it refuses': [flips],
  'recovers by writing everything anew in place': [
    `${secondLoss}: some of what was not synced`,
    `${secondLoss}: some of what was being written`,
  ],
  'hangs on damage': [flips],
  'publishes before the content is durable': [unsynced, garbage, 'P15:'],
  'removes a snapshot before the next one is durable': [unsynced, partly],
  'leaves behind what was never published': [
    `${everyOperation}: all that the disk was given`,
    'S12: snapshots that were not published',
  ],
  'serves snapshots unchecked': [flips],
  'forgets the snapshots that are retained when it opens': ['so many snapshots are kept', model],
  'takes up a transfer unchecked': [garbage, stagedFlips, stagedCrash],
  'takes up a transfer by the size of its file': [partly, stagedFlips, stagedCrash],
  'opens with a torn transfer and refuses': [partly, stagedCrash],
};

const { seed: _seed, ...anySeed } = options();
storageSuite({
  framework: { describe, it },
  name: 'a journal without a flaw',
  ...anySeed,
  crashPoints: { sample: 20 },
  runs: 20,
});

describe('the suite of storages, on a disk that can do everything', () => {
  it.each(Object.entries(foundBy))(
    'turns down a journal that %s',
    { timeout: 60_000 },
    async (flaw, prefixes) => {
      const tests = testsOf(options(flaw as Flaw));
      for (const prefix of prefixes) {
        const meant = tests.filter(({ name }) => name.startsWith(prefix));
        expect(meant, prefix).toHaveLength(1);
        expect([...(await failuresOf(meant)).keys()], `${prefix} finds it`).toHaveLength(1);
      }
    },
  );

  const twice = `${secondLoss}: some of what was not synced`;
  it.each([
    ['one power loss', 'keeps a torn tail', garbage],
    ['a pair of them', 'recovers by writing everything anew in place', twice],
  ] as const)('runs %s alone, as a failure names it', async (_what, flaw, prefix) => {
    const [failure = ''] = (await failuresOf(oneOf(options(flaw), prefix))).values();
    const crashCase = caseIn(failure);
    const alone = `power loss before operation ${String(crashCase.operation)}:`;
    const broken = oneOf({ ...options(flaw), crashCase }, alone);
    expect([...(await failuresOf(broken)).values()]).toEqual([failure]);
    const sound = testsOf({ ...options(), crashCase });
    expect(await failuresOf(sound.filter(({ name }) => name.startsWith(alone)))).toEqual(new Map());
    expect(sound.filter(({ name }) => name.startsWith(everyOperation))).toEqual([]);
  });

  it('runs as many cases as it is told to', async () => {
    const places = async (more: Partial<StorageSuiteOptions>, prefix: string): Promise<number> => {
      let made = 0;
      const create = async (seed: number): Promise<StorageHarness> => {
        made++;
        return harness(seed, undefined);
      };
      const failures = await failuresOf(oneOf({ ...options(), ...more, create }, prefix));
      expect(failures).toEqual(new Map());
      return made;
    };
    // One for the test itself, one to count the operations.
    expect(await places({ crashPoints: { sample: 7 } }, partly)).toBe(2 + 7);
    expect(await places({ crashPoints: 'every' }, partly)).toBeGreaterThan(2 + 50);
    const few = await places({ flips: { sample: 10 } }, flips);
    expect(few).toBeLessThanOrEqual(2 + 10);
  });

  it('notices a harness that cuts no power and flips no bit', async () => {
    const create = async (seed: number): Promise<StorageHarness> => ({
      ...harness(seed, undefined),
      crashAt: () => undefined,
      flipBit: async () => undefined,
    });
    for (const prefix of [unsynced, `${secondLoss}: all that was not`, flips]) {
      const failures = await failuresOf(oneOf({ ...options(), create }, prefix));
      expect([...failures.keys()], prefix).toHaveLength(1);
    }
  });
});

function oneOf(suite: Parameters<typeof testsOf>[0], prefix: string): readonly Test[] {
  return testsOf(suite).filter(({ name }) => name.startsWith(prefix));
}

/** The power loss that a failure names. */
function caseIn(failure: string): CrashCase {
  const [, first, loss, seed, second, another] =
    /crashCase: \{ operation: (\d+), loss: '(\w+)', seed: (\d+)(?:, again: \{ operation: (\d+), loss: '(\w+)' \})? \}/.exec(
      failure,
    ) ?? [];
  const crashCase = { operation: Number(first), loss: loss as Loss, seed: Number(seed) };
  return second === undefined
    ? crashCase
    : { ...crashCase, again: { operation: Number(second), loss: another as Loss } };
}
