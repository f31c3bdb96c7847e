/**
 * The suite of engines is worth what it finds: here are engines that are wrong in one way each, and
 * capabilities that are not there, and the suite must turn every one of them down.
 */
import {
  type EngineCapabilities,
  engineSuite,
  type EngineSuiteOptions,
  raftRules,
} from '@quorate/conformance/engine';
import type { RaftMessage } from '@quorate/raft';
import { describe, expect, it } from 'vitest';
import { planted, sound } from './planted.ts';

const capabilities: EngineCapabilities = {
  oneLeaderPerEpoch: true,
  outOfOrderDecisions: false,
  emptyLogMayLead: false,
  truncatesSuffix: true,
  undisturbedLeader: true,
  settlesEpochs: true,
  readsAnywhere: false,
  leaseReads: true,
  learners: true,
  transfers: true,
};

/** The tests of the suite by name. */
function testsOf(
  options: Partial<EngineSuiteOptions<RaftMessage>>,
): ReadonlyMap<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  engineSuite({
    name: 'planted',
    algorithm: sound,
    capabilities,
    swarm: { seeds: 5 },
    ...options,
    framework: {
      describe: (_name, body) => body(),
      it: (name, body) => tests.set(name, body),
    },
  });
  return tests;
}

/** Runs the one test whose name begins so; what it fails with. */
async function failureOf(
  start: string,
  options: Partial<EngineSuiteOptions<RaftMessage>>,
): Promise<unknown> {
  const named = [...testsOf(options)].filter(([name]) => name.startsWith(start));
  expect(named.map(([name]) => name)).toHaveLength(1);
  return named[0]?.[1]().then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Which tests find which fault. */
const found: Readonly<Record<string, readonly string[]>> = {
  'sends before it is durable': ['R16 P1 crashes at any moment'],
  'takes every write for durable at once': [
    'R16 P6 nothing is decided',
    'R15 a group of one leads',
    'P6 what was decided survives',
  ],
  'remembers its first state alone': [
    'R16 P1 crashes at any moment',
    'R16 P23 nobody leads in an epoch again',
  ],
  'keeps what it should cut off': ['a leader that wrote more alone'],
  'trims without a snapshot': ['a snapshot trims the log'],
  'delivers backwards': ['every proposal of a turn'],
  'delivers twice': ['every proposal of a turn'],
  'calls committed whatever it holds': ['nothing is decided without a quorum'],
  'fills effects that it has handed out': ['every proposal of a turn'],
  'answers reads at once': ['a read is not answered by a leader that nobody confirms'],
  'has leases without an end': ['a lease holds while clocks drift'],
  'forgets reads that it cannot answer': ['a read of a leader that lost its group'],
  'refuses every snapshot': ['a node that is too far behind gets a snapshot'],
  'says that it has handed over': ['a transfer goes to the node that was named'],
  'says that it has changed the membership': ['the whole group is replaced at once'],
  'loses refusals': ['a node that does not lead refuses'],
  'names no leader': ['a node that does not lead refuses', 'a read on a node that does not lead'],
  'says another index than where it accepts': ['every proposal of a turn'],
  'takes a proposal twice': ['every proposal of a turn'],
  'calls every earlier epoch settled': ['P16 what a quorum holds when its leader goes'],
  'settles nothing': ['whoever proposed alone', 'what is settled is said on all nodes'],
  'says that nothing ever changed its membership': ['an address changes on all nodes'],
  'is woken all the time': ['an idle group of one costs', 'a node that does not belong'],
  'is never woken': ['a group of 3 elects'],
  'never sends a record again': ['R27 P20 a lost window', 'R27 holes in a window'],
  'lets anybody depose the leader': ['R22 a node that hears nobody'],
  'leads although it hears from nobody': ['a leader that hears from no quorum'],
  'draws from a randomness of its own': ['the same seed gives the same'],
  'forces nothing': ['a former leader goes on alone'],
  'forgets the end of what it holds': ['what was perhaps never decided'],
  'leaves the lost group in the log': ['lost names that come back with a part of the log'],
  'leaves the lost group in the snapshot': [
    'lost names that come back with a part of the snapshot',
  ],
  'stays in an epoch of the lost group': ['what was perhaps never decided'],
  'begins with whoever comes first': ['a group begins from a state that was saved'],
  'begins anywhere': [
    'a group begins from a state that was saved',
    'a group cannot begin from nothing',
  ],
  'ignores its bounds': [
    'what is not decided is bounded',
    'reads that wait are bounded',
    'the log in memory is bounded',
    'no more is handed out',
  ],
  'keeps everything behind a snapshot': ['a snapshot trims the log'],
  'sends longer messages than it says': ['no message is longer'],
  'decodes with errors of its own': ['whatever bytes come'],
  'decodes what it does not know as something else': ['bytes that are cut short'],
  'loses a part of a message': ['every message comes out'],
};

describe('the suite finds an engine that', () => {
  for (const [name, algorithm] of Object.entries(planted)) {
    it(name, async () => {
      expect(found[name] ?? []).not.toEqual([]);
      for (const test of found[name] ?? []) {
        expect([test, await failureOf(test, { algorithm })]).toEqual([test, expect.any(Error)]);
      }
    });
  }

  it('has nothing wrong, and passes it', async () => {
    for (const test of new Set(Object.values(found).flat())) {
      expect([test, await failureOf(test, {})]).toEqual([test, undefined]);
    }
  });
});

describe('a capability that is declared and not there, or there and not declared, fails', () => {
  const claims: Readonly<Record<string, readonly [Partial<EngineCapabilities>, string]>> = {
    outOfOrderDecisions: [{ outOfOrderDecisions: true }, 'P9 an entry is decided before'],
    emptyLogMayLead: [{ emptyLogMayLead: true }, 'P7 a node that holds nothing can become leader'],
    'no truncatesSuffix': [{ truncatesSuffix: false }, 'a leader that wrote more alone'],
    'no settlesEpochs': [{ settlesEpochs: false }, 'nothing is ever called settled'],
    readsAnywhere: [{ readsAnywhere: true }, 'a read on a node that does not lead is answered'],
    'no leaseReads': [{ leaseReads: false }, 'a lease read is refused as invalid'],
    'no learners': [{ learners: false }, 'a change that asks for a learner is refused'],
    'no transfers': [{ transfers: false }, 'a transfer is refused as invalid'],
  };
  for (const [name, [claim, test]] of Object.entries(claims)) {
    it(name, async () => {
      const options = { capabilities: { ...capabilities, ...claim } };
      expect(await failureOf(test, options)).toBeInstanceOf(Error);
    });
  }

  it('flexible quorums', async () => {
    const flexible = {
      algorithm: sound({}),
      rules: raftRules,
      voters: 5,
      deciders: 2,
      electors: 4,
    };
    expect(await failureOf('2 of 5 nodes decide', { flexible })).toBeInstanceOf(Error);
    expect(await failureOf('4 of 5 nodes elect', { flexible })).toBeInstanceOf(Error);
  });

  it('a bound', async () => {
    const names = [...testsOf({ without: ['maxPendingReads'] }).keys()];
    expect(names.some((name) => name.startsWith('reads that wait'))).toBe(false);
    expect(names.some((name) => name.startsWith('what is not decided'))).toBe(true);
  });
});

it('a failure under random faults names its seed, and that seed alone fails again', async () => {
  const algorithm = planted['delivers twice'];
  const first = await failureOf('seeds 1 to 5', { ...(algorithm && { algorithm }) });
  const [, from] = /swarm: \{ from: (\d+), seeds: 1 \}/.exec(String(first)) ?? [];
  const swarm = { from: Number(from), seeds: 1 };
  const again = await failureOf(`seeds ${String(from)}`, {
    ...(algorithm && { algorithm }),
    swarm,
  });
  expect(String(again)).toBe(String(first));
});
