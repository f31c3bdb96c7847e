/** Parts that lie: each is a bug that some system shipped, put around a part that is right. */
import type { Algorithm, Effects, Engine, Input, StateMachine, Storage } from '@quorate/core';
import type { DrawnAlgorithm, MakeStorage, SimulatedAlgorithm } from '../src/options.ts';
import { bankMachine, bankWorkload } from '../src/workloads/bank.ts';
import {
  type RegisterCommand,
  registerMachine,
  registerWorkload,
} from '../src/workloads/registers.ts';
import type { Workload } from '../src/workloads/workload.ts';
import { storage } from './small-worlds.ts';

type Registers = StateMachine<RegisterCommand, boolean, string, number | null>;
type RegisterWorkload = Workload<RegisterCommand, boolean, string, number | null>;

function storageBut(lie: (storage: Storage) => Partial<Storage>): MakeStorage {
  return (place) => {
    const honest = storage(place);
    return {
      snapshots: honest.snapshots,
      open: (owner) => honest.open(owner),
      write: (ops) => honest.write(ops),
      read: (from, to, maxBytes) => honest.read(from, to, maxBytes),
      close: () => honest.close(),
      ...lie(honest),
    };
  };
}

/** Says that a write is durable as soon as it was asked for. */
export const hastyStorage: MakeStorage = storageBut((honest) => ({
  write: async (ops) => {
    honest.write(ops).catch(() => undefined);
    await Promise.resolve();
  },
}));

/** Takes the end of the log for torn, and cuts it off. */
export const forgetfulStorage: MakeStorage = storageBut((honest) => ({
  open: async (owner) => {
    const recovered = await honest.open(owner);
    const { records } = recovered;
    if (records === undefined || records.last === records.first) return recovered;
    const last = records.last - 1;
    await honest.write([{ type: 'dropAfter', index: last }]);
    const [record] = await honest.read(last, last, 2 ** 20);
    return {
      ...recovered,
      records: { first: records.first, last },
      lastRecord: record?.record,
    };
  },
}));

/** Forgets the engine's state, which is its word to others, when it is opened. */
export const statelessStorage: MakeStorage = storageBut((honest) => ({
  write: (ops) => honest.write(ops.filter(({ type }) => type !== 'state')),
}));

/** What an engine hands out, or takes, changed. */
interface EngineLie {
  /** @returns whether the engine gets to see it. */
  readonly step?: (input: Input<unknown>, engine: Engine<unknown>) => boolean;
  readonly take?: (effects: Effects<unknown>, engine: Engine<unknown>) => Effects<unknown>;
}

/** An algorithm whose engines lie; `lie` is called for each. */
export function algorithmBut(
  honest: SimulatedAlgorithm,
  lie: () => EngineLie,
  changes: (drawn: DrawnAlgorithm) => DrawnAlgorithm = (drawn) => drawn,
): SimulatedAlgorithm {
  return {
    name: honest.name,
    draw: (random) => {
      const drawn = honest.draw(random);
      const { algorithm } = drawn;
      const lying: Algorithm<unknown> = {
        ...algorithm,
        create: (setup) => {
          const engine = algorithm.create(setup);
          const { step, take } = lie();
          return {
            get status() {
              return engine.status;
            },
            step: (input, now) => {
              if (step?.(input, engine) ?? true) engine.step(input, now);
            },
            take: () => {
              const effects = engine.take();
              return take?.(effects, engine) ?? effects;
            },
          };
        },
        forceSoleVoter: (setup) => algorithm.forceSoleVoter(setup),
        beginFrom: (beginning) => algorithm.beginFrom(beginning),
      };
      return changes({ ...drawn, algorithm: lying });
    },
  };
}

/** Answers reads out of what it has, without asking anybody whether that is all. */
export function readsAtOnce(honest: SimulatedAlgorithm): SimulatedAlgorithm {
  return algorithmBut(
    honest,
    () => {
      let tickets: number[] = [];
      return {
        step: (input) => {
          if (input.type !== 'read') return true;
          tickets.push(input.ticket);
          return false;
        },
        take: (effects, { status }) => {
          const index = status.commitIndex;
          const reads = [...effects.reads, ...tickets.map((ticket) => ({ ticket, index }))];
          tickets = [];
          return { ...effects, reads };
        },
      };
    },
    // Its own checks would say so at once: this is for the checker of histories.
    ({ checks: _checks, ...drawn }) => drawn,
  );
}

/** Sends everything before it is durable. */
export function sendsTooEarly(honest: SimulatedAlgorithm): SimulatedAlgorithm {
  return algorithmBut(honest, () => ({
    take: (effects) => ({
      ...effects,
      sends: effects.sends.map(({ to, message }) => ({ to, message })),
    }),
  }));
}

/** Leaves out every twentieth of the decided entries. */
export function skipsEntries(honest: SimulatedAlgorithm): SimulatedAlgorithm {
  return algorithmBut(honest, () => ({
    take: (effects) => ({
      ...effects,
      committed: effects.committed.filter(({ index }) => index % 20 !== 0),
    }),
  }));
}

/** Registers on another machine. */
export function registersWith(machine: () => Registers): RegisterWorkload {
  return { ...registerWorkload(), machine };
}

/** Answers writes by how many commands came since its process began, which is not in its snapshots. */
export function countsOutsideOfItsState(): Registers {
  const honest = registerMachine();
  let count = 0;
  return {
    ...honest,
    apply: (command, context) => {
      count += 1;
      const result = honest.apply(command, context);
      return command.type === 'write' ? count % 7 === 0 : result;
    },
  };
}

/** Its snapshots are those of a machine that was told nothing of one register. */
export function forgetsInSnapshots(): Registers {
  const honest = registerMachine();
  const told = registerMachine();
  return {
    ...honest,
    apply: (command, context) => {
      if (command.key !== 'r0') told.apply(command, context);
      return honest.apply(command, context);
    },
    snapshot: () => told.snapshot(),
    restore: async (chunks) => {
      const all: Uint8Array[] = [];
      for await (const chunk of chunks) all.push(chunk.slice());
      const again = async function* (): AsyncGenerator<Uint8Array> {
        await Promise.resolve();
        yield* all;
      };
      await honest.restore(again());
      await told.restore(again());
    },
  };
}

/** Pays out a little more than was taken, now and then. */
export function generousBank(): ReturnType<typeof bankWorkload> {
  return {
    ...bankWorkload(),
    machine: () => {
      const honest = bankMachine(6, 20);
      let paid = 0;
      return {
        ...honest,
        get total() {
          return honest.total + paid;
        },
        apply: (command, context) => {
          if (context.index % 10 === 0) paid += 1;
          return honest.apply(command, context);
        },
      };
    },
  };
}
