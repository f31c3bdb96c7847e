/**
 * What the recorder takes for a value, a decision and a gap, on an engine that does what a script says:
 * an algorithm that has headers of its own on each node, holes, and memberships that take effect later.
 */
import {
  Cluster,
  type ClusterOptions,
  type EngineRules,
  raftRules,
} from '@quorate/conformance/engine';
import {
  type Algorithm,
  type ByteReader,
  type Effects,
  encodeEntry,
  type Engine,
  type EngineSetup,
  type EngineStatus,
  type Input,
  membershipBytes,
  type Membership,
  membershipOf,
  noopRecord,
  type StorageOp,
  type Write,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';

const headerBytes = 2;

/** A no-op under a header. */
function noop(header: number): Uint8Array {
  const record = noopRecord(headerBytes);
  record[0] = header;
  return record;
}

/** A command under a header. */
function command(header: number, ticket: number): Uint8Array {
  const record = encodeEntry(
    { kind: 'commands', time: 0, incarnation: 1, ticket, payloads: [] },
    headerBytes,
  );
  record[0] = header;
  return record;
}

function change(membership: Membership): Uint8Array {
  const payloads = [membershipBytes(membership)];
  return encodeEntry(
    { kind: 'membership', time: 0, incarnation: 0, ticket: 0, payloads },
    headerBytes,
  );
}

/** One engine of the script: it writes and commits what it is told. */
class Scripted implements Engine<never> {
  readonly #membership: Membership;
  #writes: Write[] = [];
  #committed: { index: number; record: Uint8Array }[] = [];
  #writeId = 0;
  #commitIndex = 0;
  #lastIndex = 0;
  role: EngineStatus['role'] = 'follower';
  epoch = 0;

  constructor({ bootstrap }: EngineSetup) {
    this.#membership = bootstrap;
  }

  write(...ops: readonly StorageOp[]): this {
    this.#writes.push({ id: ++this.#writeId, ops });
    for (const op of ops) {
      if (op.type === 'put') this.#lastIndex = Math.max(this.#lastIndex, op.index);
    }
    return this;
  }

  put(index: number, record: Uint8Array): this {
    return this.write({ type: 'put', index, record });
  }

  commit(index: number, record: Uint8Array): this {
    this.#commitIndex = index;
    this.#committed.push({ index, record });
    return this;
  }

  step(_input: Input<never>): void {
    // Nothing comes of an input but what the script says.
  }

  take(): Effects<never> {
    const effects: Effects<never> = {
      writes: this.#writes,
      sends: [],
      committed: this.#committed,
      restored: undefined,
      reads: [],
      outcomes: [],
      loads: [],
      ships: [],
      wakeAt: Number.POSITIVE_INFINITY,
    };
    this.#writes = [];
    this.#committed = [];
    return effects;
  }

  get status(): EngineStatus {
    return {
      role: this.role,
      leader: undefined,
      epoch: this.epoch,
      firstIndex: 1,
      lastIndex: this.#lastIndex,
      commitIndex: this.#commitIndex,
      settledEpoch: 0,
      membership: this.#membership,
      contactAt: undefined,
      tailBytes: 0,
      peers: [],
    };
  }
}

/** Three scripted nodes, and a turn for one of them. */
function scripted(
  rules: Partial<EngineRules> = {},
  options: Partial<ClusterOptions<never>> = {},
): {
  readonly cluster: Cluster<never>;
  readonly turn: (id: string, script: (engine: Scripted) => void) => void;
} {
  const engines = new Map<string, Scripted>();
  const algorithm: Algorithm<never> = {
    name: 'scripted',
    headerBytes,
    maxMessageBytes: 0,
    codec: {
      encode: () => undefined,
      decode: (reader: ByteReader) => {
        reader.end();
        throw new Error('nobody sends anything');
      },
    },
    create: (setup) => {
      const engine = new Scripted(setup);
      engines.set(setup.node, engine);
      return engine;
    },
    forceSoleVoter: () => ({ unseen: undefined, see: () => undefined, steps: () => [] }),
    beginFrom: () => [],
  };
  const cluster = new Cluster({ ...options, algorithm, rules: { ...raftRules, ...rules } });
  cluster.run(1);
  const turn = (id: string, script: (engine: Scripted) => void): void => {
    const engine = engines.get(id);
    if (engine === undefined) throw new Error(`no engine ${id}`);
    script(engine);
    cluster.node(id).input({ type: 'tick' });
    // Long enough for the disk.
    cluster.run(10);
  };
  return { cluster, turn };
}

describe('the recorder', () => {
  it('takes equal entries under different headers for one value', () => {
    const { cluster, turn } = scripted();
    turn('n1', (engine) => engine.put(1, noop(7)));
    turn('n2', (engine) => engine.put(1, noop(8)));
    turn('n1', (engine) => engine.commit(1, noop(7)));
    turn('n2', (engine) => engine.commit(1, noop(8)));
    cluster.run(10);
    expect(cluster.recorder.decided(1)).toEqual(noop(7));
    expect(cluster.nodes.map((node) => node.consumer.applied)).toEqual([1, 1, 0]);
  });

  it('finds two values at one index, and a value that is on too few disks', () => {
    const two = scripted();
    for (const id of ['n1', 'n2']) two.turn(id, (engine) => engine.put(1, command(1, 5)));
    two.turn('n1', (engine) => engine.commit(1, command(1, 5)));
    two.turn('n3', (engine) => engine.put(1, command(1, 6)));
    expect(() => {
      two.turn('n3', (engine) => engine.commit(1, command(1, 6)));
    }).toThrow('state-machine safety');

    const few = scripted();
    few.turn('n1', (engine) => engine.put(1, command(1, 5)));
    few.turn('n2', (engine) => engine.put(1, command(1, 6)));
    expect(() => {
      few.turn('n1', (engine) => engine.commit(1, command(1, 5)));
    }).toThrow('durability');
  });

  it('looks at every index that is newly called committed, not only at the last one', () => {
    const { turn } = scripted({ contiguousLog: false });
    for (const id of ['n1', 'n2', 'n3']) turn(id, (engine) => engine.put(2, noop(1)));
    turn('n1', (engine) => engine.put(1, noop(1)));
    expect(() => {
      turn('n1', (engine) => engine.commit(1, noop(1)).commit(2, noop(1)));
    }).toThrow('calls 1 committed');
  });

  it('allows gaps, and forbids cuts, where the algorithm says so', () => {
    expect(() => {
      scripted().turn('n1', (engine) => engine.put(2, noop(1)));
    }).toThrow('writes 2 behind 0');
    scripted({ contiguousLog: false }).turn('n1', (engine) => engine.put(2, noop(1)));
    const cut = { type: 'dropAfter', index: 0 } as const;
    scripted().turn('n1', (engine) => engine.put(1, noop(1)).write(cut));
    expect(() => {
      scripted({ truncatesSuffix: false }).turn('n1', (engine) => engine.write(cut));
    }).toThrow('cuts its log off');
  });

  it('finds what is decided written over, cut off, or trimmed without a snapshot', () => {
    const decided = (): ReturnType<typeof scripted> => {
      const scene = scripted();
      for (const id of ['n1', 'n2']) scene.turn(id, (engine) => engine.put(1, command(1, 5)));
      scene.turn('n1', (engine) => engine.commit(1, command(1, 5)));
      return scene;
    };
    decided().turn('n1', (engine) => engine.put(1, command(2, 5)));
    expect(() => {
      decided().turn('n1', (engine) => engine.put(1, command(2, 6)));
    }).toThrow('writes another value over 1');
    expect(() => {
      decided().turn('n1', (engine) => engine.write({ type: 'dropAfter', index: 0 }));
    }).toThrow('1 is decided');
    expect(() => {
      decided().turn('n1', (engine) => engine.write({ type: 'dropBefore', index: 2 }));
    }).toThrow('its snapshot ends at 0');
  });

  it('asks the rules who decides, and hands them the memberships up to the commit index', () => {
    // Two indexes behind a change, the new voters decide alone; before, the old ones.
    const seen: string[] = [];
    const decides: EngineRules['decides'] = ({ index, decided, holds }) => {
      seen.push(`${String(index)}: ${decided.map((placed) => String(placed.index)).join()}`);
      const owner = decided.findLast((placed) => placed.index <= index - 2) ?? decided[0];
      return owner?.membership.voters.every(({ id }) => holds(id)) === true;
    };
    const { turn } = scripted(
      { decides, mayFollow: () => true },
      { voters: ['n1'], joiners: ['n2'] },
    );
    const next = change({ ...membershipOf([{ id: 'n2' }]), outgoing: [{ id: 'n1' }] });
    turn('n1', (engine) => engine.put(1, next).put(2, noop(1)).put(3, noop(1)));
    turn('n2', (engine) => engine.put(1, noop(1)).put(2, noop(1)).put(3, noop(1)));
    expect(() => {
      // The second index is n1's to decide, the third one n2's; all of it is known at once.
      turn('n1', (engine) => engine.commit(1, next).commit(2, noop(1)).commit(3, noop(1)));
    }).not.toThrow();
    expect(seen).toEqual(['1: 0,1', '2: 0,1', '3: 0,1']);
  });

  it('knows one leader an epoch where there is to be one, and nobody who leads in it again', () => {
    const lead = (engine: Scripted): void => {
      engine.role = 'leader';
      engine.epoch = 3;
    };
    const strict = scripted();
    strict.turn('n1', lead);
    expect(() => {
      strict.turn('n2', lead);
    }).toThrow('election safety');
    const lax = scripted({ oneLeaderPerEpoch: false });
    lax.turn('n1', lead);
    lax.turn('n2', lead);
    expect(lax.cluster.recorder.epochs).toEqual([3]);
    lax.cluster.node('n1').crash();
    lax.cluster.node('n1').start();
    lax.cluster.run(1);
    expect(() => {
      lax.turn('n1', lead);
    }).toThrow('leads in epoch 3 again');
  });
});
