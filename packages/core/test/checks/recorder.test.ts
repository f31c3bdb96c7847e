/** A recorder in a world that is not the one of the suites: it sees nothing but what the interfaces name. */
import {
  type CommittedRecord,
  type Effects,
  emptyMembership,
  encodeEntry,
  type EngineStatus,
  type LogIndex,
  membershipOf,
  type Write,
} from '@quorate/core';
import {
  chained,
  Image,
  raftRules,
  Recorder,
  Violation,
  type WatchedConsumer,
  type WatchedNode,
} from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';

const headerBytes = 1;
const bootstrap = membershipOf([{ id: 'n1' }]);

const record = (ticket: number): Uint8Array =>
  encodeEntry({ kind: 'commands', time: 0, incarnation: 1, ticket, payloads: [] }, headerBytes);

/** The only member of a group, and what a recorder makes of it. */
function scene(consumer?: WatchedConsumer): {
  readonly recorder: Recorder<never>;
  readonly decided: LogIndex[];
  /** One turn in which it writes a record and calls it committed. */
  readonly commit: (index: LogIndex, durable: boolean) => void;
} {
  const durable = new Image();
  const written = new Image();
  let commitIndex = 0;
  const status = (): EngineStatus => ({
    role: 'leader',
    leader: 'n1',
    epoch: 1,
    firstIndex: 1,
    lastIndex: written.last,
    commitIndex,
    settledEpoch: 0,
    membership: bootstrap,
    contactAt: undefined,
    tailBytes: 0,
    peers: [],
  });
  const node: WatchedNode = {
    id: 'n1',
    up: true,
    life: 1,
    bootstrap: emptyMembership,
    engine: {
      get status() {
        return status();
      },
    },
    disk: { durable, written, underWay: 0 },
    ...(consumer === undefined ? {} : { consumer }),
  };
  const decided: LogIndex[] = [];
  const recorder = new Recorder<never>({
    headerBytes,
    rules: raftRules,
    nodes: () => [node],
    maxTailBytes: 0,
    maxDurableTailBytes: 0,
    bootstrap,
    onDecided: (index) => decided.push(index),
  });
  recorder.started(node);
  return {
    recorder,
    decided,
    commit: (index, stored) => {
      const write: Write = { id: index, ops: [{ type: 'put', index, record: record(index) }] };
      written.apply(write.ops);
      if (stored) durable.apply(write.ops);
      commitIndex = index;
      recorder.stepped(node, { type: 'tick' });
      const effects = effectsOf(write, { index, record: record(index) });
      recorder.took(node, { inputs: [], effects, memberships: [bootstrap], now: 0 });
    },
  };
}

function effectsOf(write: Write, committed: CommittedRecord): Effects<never> {
  return {
    writes: [write],
    sends: [],
    committed: [committed],
    restored: undefined,
    reads: [],
    outcomes: [],
    loads: [],
    ships: [],
    wakeAt: Number.POSITIVE_INFINITY,
  };
}

describe('a recorder', () => {
  it('follows a node of which nothing is known but its engine and its disk', () => {
    const { recorder, decided, commit } = scene();
    commit(1, true);
    commit(2, true);
    expect([recorder.commitIndex, decided, recorder.epochs]).toEqual([2, [1, 2], [1]]);
    expect(recorder.decided(2)).toEqual(record(2));
    expect(recorder.chainAt(1)).toBe(chained(0, record(1), headerBytes));
  });

  it('finds what is called committed and is not durable', () => {
    const { commit } = scene();
    commit(1, true);
    expect(() => {
      commit(2, false);
    }).toThrow(Violation);
  });

  it('compares states where a node has one', () => {
    const consumer = { applied: 0, chain: 0 };
    const { recorder, commit } = scene(consumer);
    commit(1, true);
    consumer.applied = 1;
    consumer.chain = recorder.chainAt(1) ?? 0;
    commit(2, true);
    consumer.chain += 1;
    expect(() => {
      commit(3, true);
    }).toThrow('the state of n1 at 1 is not what was decided');
  });
});
