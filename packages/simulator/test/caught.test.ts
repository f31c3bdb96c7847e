/**
 * Bugs that are planted on purpose, each in one part. A simulator that does not find them would not find
 * others: each has to be found within a few seeds, by the rule that it breaks.
 */
import { describe, expect, it } from 'vitest';
import type { SimulatedAlgorithm, WorldParts } from '../src/options.ts';
import type { Profile } from '../src/profiles.ts';
import { simulate } from '../src/simulate.ts';
import {
  countsOutsideOfItsState,
  forgetfulStorage,
  forgetsInSnapshots,
  generousBank,
  hastyStorage,
  readsAtOnce,
  registersWith,
  sendsTooEarly,
  skipsEntries,
  statelessStorage,
} from './lies.ts';
import { algorithms, registersOn } from './small-worlds.ts';

type AnyParts = WorldParts<unknown, unknown, unknown, unknown>;

interface Lie {
  readonly name: string;
  readonly parts: (algorithm: SimulatedAlgorithm) => AnyParts;
  readonly profile: Profile;
  /** What is said of it. */
  readonly rule: RegExp;
  readonly withinSeeds: number;
}

const lies: readonly Lie[] = [
  {
    name: 'a storage acknowledges before it is durable',
    parts: (algorithm) => ({ ...registersOn(algorithm), storage: hastyStorage }),
    profile: 'crashes',
    rule: /^durability: the storage of n\d was opened and holds something else than it had acknowledged/,
    withinSeeds: 5,
  },
  {
    name: 'a storage cuts the end of its log off when it is opened',
    parts: (algorithm) => ({ ...registersOn(algorithm), storage: forgetfulStorage }),
    profile: 'crashes',
    rule: /^durability: the storage of n\d was opened/,
    withinSeeds: 3,
  },
  {
    name: 'a storage keeps log records and not the state of the engine',
    parts: (algorithm) => ({ ...registersOn(algorithm), storage: statelessStorage }),
    profile: 'crashes',
    rule: /^durability: the storage of n\d was opened/,
    withinSeeds: 3,
  },
  {
    name: 'a machine counts outside of its state',
    parts: (algorithm) => ({
      ...registersOn(algorithm),
      workload: registersWith(countsOutsideOfItsState),
    }),
    profile: 'crashes',
    rule: /^state-machine safety: the results of n\d/,
    withinSeeds: 7,
  },
  {
    name: 'a machine leaves something out of its snapshots',
    parts: (algorithm) => ({
      ...registersOn(algorithm),
      workload: registersWith(forgetsInSnapshots),
    }),
    profile: 'crashes',
    rule: /^state-machine safety: the state of n\d/,
    withinSeeds: 7,
  },
  {
    name: 'an engine answers reads without asking anybody',
    parts: (algorithm) => registersOn(readsAtOnce(algorithm)),
    profile: 'crashes',
    // Over several registers, only the order of the log may show it.
    rule: /^linearizability: (.*no order fits read|in the order of the log, .*"read")/,
    withinSeeds: 5,
  },
  {
    name: 'an engine sends before what it says is durable',
    parts: (algorithm) => registersOn(sendsTooEarly(algorithm)),
    profile: 'calm',
    rule: /acknowledges \d+ and has only|before that is durable|has only .* on disk|votes? for|not durable/,
    withinSeeds: 2,
  },
  {
    name: 'an engine skips an entry',
    parts: (algorithm) => registersOn(skipsEntries(algorithm)),
    profile: 'calm',
    rule: /^n\d delivers 21 after 19/,
    withinSeeds: 1,
  },
  {
    name: 'a bank makes money',
    parts: (algorithm) => ({
      ...registersOn(algorithm),
      workload: generousBank(),
    }),
    profile: 'calm',
    rule: /^the accounts hold 121, and 120 were paid in/,
    withinSeeds: 1,
  },
];

describe.each(algorithms)('on $name it is found that', (algorithm) => {
  it.each(lies)('$name', async ({ parts, profile, rule, withinSeeds }) => {
    const lying = parts(algorithm);
    for (let seed = 1; seed <= withinSeeds; seed++) {
      const { violation } = await simulate(seed, lying, { profile });
      if (violation === undefined) continue;
      expect(violation).toMatch(rule);
      return;
    }
    expect.fail(`it was not found by ${String(withinSeeds)} seeds`);
  });
});
