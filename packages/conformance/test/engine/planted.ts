/**
 * Raft with one thing wrong, each wrong thing around the sound engine: what it is handed, what it hands
 * out, what it says of itself, or how it is made.
 */
import type {
  Algorithm,
  ByteReader,
  Effects,
  Engine,
  EngineSetup,
  EngineStatus,
  Input,
  NodeId,
  Outcome,
  Random,
  SoleVoterSetup,
  StorageOp,
} from '@quorate/core';
import type { EngineLimits } from '@quorate/conformance/engine';
import { raft, type RaftMessage } from '@quorate/raft';

/** Makes the sound algorithm. */
export function sound({ maxMessageRecordBytes, ...limits }: EngineLimits): Algorithm<RaftMessage> {
  return raft({
    ...limits,
    ...(maxMessageRecordBytes === undefined ? {} : { maxAppendBytes: maxMessageRecordBytes }),
  });
}

/** What an engine does otherwise than the sound one. */
interface Change {
  /** Effects that come on top of those of the sound engine. */
  readonly extra?: Partial<Effects<RaftMessage>>;
  /** Takes an input in the sound engine's place; `false`: the sound one takes it. */
  readonly step?: (input: Input<RaftMessage>, now: number) => boolean;
  readonly take?: (effects: Effects<RaftMessage>, now: number) => Effects<RaftMessage>;
  readonly status?: (status: EngineStatus) => Partial<EngineStatus>;
}

/** A fault of an engine. */
type Fault = (engine: Engine<RaftMessage>, setup: EngineSetup) => Change;

/** An engine with a fault. */
class Planted implements Engine<RaftMessage> {
  readonly #sound: Engine<RaftMessage>;
  readonly #change: Change;
  readonly status: EngineStatus;
  #now: number;

  constructor(engine: Engine<RaftMessage>, change: Change, now: number) {
    this.#sound = engine;
    this.#change = change;
    this.#now = now;
    // Live, as the sound one: whoever keeps it sees what changes.
    this.status = new Proxy(engine.status, {
      get: (status, name: keyof EngineStatus) => {
        const other = change.status?.(status) ?? {};
        return name in other ? other[name] : status[name];
      },
    });
  }

  step(input: Input<RaftMessage>, now: number): void {
    this.#now = now;
    if (this.#change.step?.(input, now) !== true) this.#sound.step(input, now);
  }

  take(): Effects<RaftMessage> {
    const effects = this.#sound.take();
    return this.#change.take?.(effects, this.#now) ?? effects;
  }
}

const withoutOps =
  (type: StorageOp['type']): Fault =>
  () => ({
    take: (effects) => ({
      ...effects,
      writes: effects.writes.map((write) => ({
        ...write,
        ops: write.ops.filter((op) => op.type !== type),
      })),
    }),
  });

const withOutcomes =
  (change: (outcome: Outcome) => Outcome | undefined): Fault =>
  () => ({
    take: (effects) => ({
      ...effects,
      outcomes: effects.outcomes.flatMap((outcome) => change(outcome) ?? []),
    }),
  });

/** Takes inputs of a kind away from the engine, and answers them itself. */
function answering<Type extends Input<RaftMessage>['type']>(
  type: Type,
  answer: (
    input: Extract<Input<RaftMessage>, { readonly type: Type }>,
    engine: Engine<RaftMessage>,
  ) => { readonly outcome?: Outcome; readonly readIndex?: number } | undefined,
): Fault {
  const isMine = (
    input: Input<RaftMessage>,
  ): input is Extract<Input<RaftMessage>, { readonly type: Type }> => input.type === type;
  return (engine) => {
    let outcomes: Outcome[] = [];
    let reads: { readonly ticket: number; readonly index: number }[] = [];
    return {
      step: (input) => {
        if (!isMine(input)) return false;
        const given = answer(input, engine);
        if (given === undefined) return false;
        if (given.outcome !== undefined) outcomes.push(given.outcome);
        if (given.readIndex !== undefined && 'ticket' in input) {
          reads.push({ ticket: input.ticket, index: given.readIndex });
        }
        return true;
      },
      take: (effects) => {
        const taken = {
          ...effects,
          outcomes: [...effects.outcomes, ...outcomes],
          reads: [...effects.reads, ...reads],
        };
        outcomes = [];
        reads = [];
        return taken;
      },
    };
  };
}

/** Randomness that no seed decides. */
const anyRandom: Random = {
  next: () => Math.random(),
  between: (from, to) => from + Math.random() * (to - from),
  below: (bound) => Math.floor(Math.random() * bound),
  chance: (probability) => Math.random() < probability,
  pick: (items) => {
    const item = items[Math.floor(Math.random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  },
  fork: () => anyRandom,
};

interface Answer {
  readonly from: NodeId;
  readonly message: Extract<RaftMessage, { readonly type: 'append-reply' }>;
}

/** Engines that do something wrong. */
const faultyEngines: Readonly<Record<string, Fault>> = {
  'sends before it is durable': () => ({
    take: (effects) => ({
      ...effects,
      sends: effects.sends.map(({ to, message }) => ({ to, message })),
    }),
  }),
  'takes every write for durable at once': (engine) => ({
    take: (effects, now) => {
      const { writes, sends, committed, reads, outcomes, loads, ships } = effects;
      for (const { id } of writes) engine.step({ type: 'stored', write: id }, now);
      const more = engine.take();
      return {
        ...more,
        writes: [...writes, ...more.writes],
        sends: [...sends, ...more.sends],
        committed: [...committed, ...more.committed],
        restored: effects.restored ?? more.restored,
        reads: [...reads, ...more.reads],
        outcomes: [...outcomes, ...more.outcomes],
        loads: [...loads, ...more.loads],
        ships: [...ships, ...more.ships],
      };
    },
  }),
  'remembers its first state alone': () => {
    let first: StorageOp | undefined;
    return {
      take: (effects) => ({
        ...effects,
        writes: effects.writes.map((write) => ({
          ...write,
          ops: write.ops.map((op) => (op.type === 'state' ? (first ??= op) : op)),
        })),
      }),
    };
  },
  'keeps what it should cut off': withoutOps('dropAfter'),
  'trims without a snapshot': withoutOps('snapshot'),
  'delivers backwards': () => ({
    take: (effects) => ({ ...effects, committed: effects.committed.toReversed() }),
  }),
  'delivers twice': () => ({
    take: (effects) => ({
      ...effects,
      committed: effects.committed.flatMap((record) => [record, record]),
    }),
  }),
  'calls committed whatever it holds': () => ({
    status: ({ lastIndex, role }) => (role === 'leader' ? { commitIndex: lastIndex } : {}),
  }),
  'fills effects that it has handed out': () => {
    let handedOut: Effects<RaftMessage>['outcomes'][number][] = [];
    return {
      take: (effects) => {
        handedOut.push({ type: 'unknown', ticket: 0 });
        handedOut = [...effects.outcomes];
        return { ...effects, outcomes: handedOut };
      },
    };
  },
  'answers reads at once': answering('read', (_input, { status }) =>
    status.role === 'leader' ? { readIndex: status.commitIndex } : undefined,
  ),
  'has leases without an end': answering('read', ({ guarantee }, { status }) =>
    status.role === 'leader' && guarantee === 'lease'
      ? { readIndex: status.commitIndex }
      : undefined,
  ),
  'forgets reads that it cannot answer': (engine) => {
    const reads = new Set<number>();
    return {
      step: (input) => {
        if (input.type === 'read' && engine.status.role === 'leader') reads.add(input.ticket);
        return false;
      },
      take: (effects) => ({
        ...effects,
        outcomes: effects.outcomes.filter(({ ticket }) => !reads.has(ticket)),
      }),
    };
  },
  'refuses every snapshot': answering('install', ({ ticket }) => ({
    outcome: { type: 'rejected', ticket, reason: 'stale' },
  })),
  'says that it has handed over': answering('transfer', ({ ticket }, { status }) => ({
    outcome: { type: 'done', ticket, index: status.commitIndex },
  })),
  'says that it has changed the membership': answering('reconfigure', ({ ticket }, { status }) =>
    status.role === 'leader'
      ? { outcome: { type: 'done', ticket, index: status.commitIndex } }
      : undefined,
  ),
  'loses refusals': withOutcomes((outcome) => (outcome.type === 'rejected' ? undefined : outcome)),
  'names no leader': withOutcomes((outcome) => {
    if (outcome.type !== 'rejected') return outcome;
    const { type, ticket, reason } = outcome;
    return { type, ticket, reason };
  }),
  'says another index than where it accepts': withOutcomes((outcome) =>
    outcome.type === 'accepted' ? { ...outcome, index: outcome.index + 1 } : outcome,
  ),
  'takes a proposal twice': (engine) => ({
    step: (input, now) => {
      if (input.type === 'propose') {
        engine.step({ ...input, record: input.record.slice() }, now);
      }
      return false;
    },
  }),
  'calls every earlier epoch settled': () => ({ status: ({ epoch }) => ({ settledEpoch: epoch }) }),
  'settles nothing': () => ({ status: () => ({ settledEpoch: 0 }) }),
  'says that nothing ever changed its membership': (_engine, { bootstrap }) => ({
    status: () => ({ membership: bootstrap }),
  }),
  'is woken all the time': () => ({ take: (effects, now) => ({ ...effects, wakeAt: now + 50 }) }),
  'is never woken': () => ({
    take: (effects) => ({ ...effects, wakeAt: Number.POSITIVE_INFINITY }),
  }),
  'never sends a record again': () => {
    const sent = new Map<string, number>();
    return {
      take: (effects) => ({
        ...effects,
        sends: effects.sends.filter(({ to, message }) => {
          if (message.type !== 'append' || message.records.length === 0) return true;
          const before = sent.get(to) ?? 0;
          sent.set(to, Math.max(before, message.previousIndex + message.records.length));
          return message.previousIndex >= before;
        }),
      }),
    };
  },
  'lets anybody depose the leader': (engine) => ({
    step: (input, now) => {
      const { leader } = engine.status;
      if (input.type !== 'receive' || input.message.type !== 'vote-request') return false;
      if (leader === undefined) return false;
      const message: RaftMessage = { ...input.message, pre: false, transfer: true };
      engine.step({ ...input, message }, now);
      return true;
    },
  }),
  'leads although it hears from nobody': (engine) => {
    const answers = new Map<string, Answer>();
    return {
      step: (input, now) => {
        if (input.type === 'receive' && input.message.type === 'append-reply') {
          answers.set(input.from, { from: input.from, message: input.message });
        }
        // What was heard once is heard again and again, as if it were new.
        if (input.type === 'tick' && engine.status.role === 'leader') {
          for (const { from, message } of answers.values()) {
            engine.step({ type: 'receive', from, message: { ...message, sentAt: now } }, now);
          }
        }
        return false;
      },
    };
  },
};

/** An algorithm whose engines have a fault. */
function withEngine(algorithm: Algorithm<RaftMessage>, fault: Fault): Algorithm<RaftMessage> {
  return {
    ...algorithm,
    create: (setup) => {
      const engine = algorithm.create(setup);
      return new Planted(engine, fault(engine, setup), setup.now);
    },
  };
}

type Make = (limits: EngineLimits) => Algorithm<RaftMessage>;

/** An algorithm whose codec decodes in another way. */
function decoding(
  decode: (reader: ByteReader, sound: Algorithm<RaftMessage>) => RaftMessage,
): Make {
  return (limits) => {
    const algorithm = sound(limits);
    return {
      ...algorithm,
      codec: { ...algorithm.codec, decode: (reader) => decode(reader, algorithm) },
    };
  };
}

/** An algorithm whose steps to a group of one are others. */
function forcing(
  change: (steps: readonly StorageOp[], setup: SoleVoterSetup) => readonly StorageOp[],
): Make {
  return (limits) => {
    const algorithm = sound(limits);
    return {
      ...algorithm,
      forceSoleVoter: (setup) => {
        const sole = algorithm.forceSoleVoter(setup);
        return { ...sole, steps: () => change(sole.steps(), setup) };
      },
    };
  };
}

/** Where the durable state has its term: behind the version. */
const termAt = 1;
const termEnd = 7;

/** Every faulty algorithm, by what is wrong with it. */
export const planted: Readonly<Record<string, Make>> = {
  ...Object.fromEntries(
    Object.entries(faultyEngines).map(([name, fault]): [string, Make] => [
      name,
      (limits) => withEngine(sound(limits), fault),
    ]),
  ),
  'draws from a randomness of its own': (limits) => {
    const algorithm = sound(limits);
    return {
      ...algorithm,
      create: (setup) => algorithm.create({ ...setup, random: anyRandom }),
    };
  },
  'forces nothing': forcing(() => []),
  'forgets the end of what it holds': forcing((steps, { recovered }) => [
    ...steps,
    { type: 'dropAfter', index: (recovered.records?.last ?? 1) - 1 },
  ]),
  'leaves the lost group in the log': forcing((steps) =>
    steps.filter(({ type }) => type !== 'put'),
  ),
  'leaves the lost group in the snapshot': forcing((steps, { recovered }) =>
    steps.map((step) =>
      step.type === 'snapshot'
        ? { ...step, context: recovered.snapshot?.context ?? step.context }
        : step,
    ),
  ),
  'stays in an epoch of the lost group': forcing((steps, { recovered }) =>
    steps.map((step) => {
      if (step.type !== 'state' || recovered.state === undefined) return step;
      const bytes = step.bytes.slice();
      bytes.set(recovered.state.subarray(termAt, termEnd), termAt);
      return { ...step, bytes };
    }),
  ),
  'begins with whoever comes first': (limits) => {
    const algorithm = sound(limits);
    return {
      ...algorithm,
      beginFrom: ({ snapshot, membership }) => {
        const voters = membership.voters.slice(0, 1);
        return algorithm.beginFrom({ snapshot, membership: { ...membership, voters } });
      },
    };
  },
  'begins anywhere': (limits) => {
    const algorithm = sound(limits);
    return { ...algorithm, beginFrom: () => [] };
  },
  'ignores its bounds': () => sound({ keepBytesBehindSnapshot: 0 }),
  'keeps everything behind a snapshot': ({ keepBytesBehindSnapshot: _, ...limits }) =>
    sound(limits),
  'sends longer messages than it says': (limits) => ({ ...sound(limits), maxMessageBytes: 1000 }),
  'decodes with errors of its own': decoding((reader, { codec }) => {
    try {
      return codec.decode(reader);
    } catch (cause) {
      throw new RangeError('out of range', { cause });
    }
  }),
  'decodes what it does not know as something else': decoding((reader, { codec }) => {
    try {
      return codec.decode(reader);
    } catch {
      return { type: 'timeout-now', term: 1 };
    }
  }),
  'loses a part of a message': decoding((reader, { codec }) => {
    const message = codec.decode(reader);
    return message.type === 'append' ? { ...message, round: 0 } : message;
  }),
};
