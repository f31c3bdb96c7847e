/** A machine that is watched: what it does is compared with what it did on the other nodes. */
import type { StateMachine } from '@quorate/core';
import { Violation } from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';
import { States } from '../../src/checks/states.ts';
import { WatchedMachine } from '../../src/nodes/watched-machine.ts';
import { type RegisterCommand, registerMachine } from '../../src/workloads/registers.ts';

type Registers = StateMachine<RegisterCommand, boolean, string, number | null>;

const write = (key: string, to: number): RegisterCommand => ({ type: 'write', key, to });

/** Machines of a group. */
function group() {
  const states = new States();
  return {
    states,
    watched: (who: string, machine: Registers): Watched =>
      new WatchedMachine(machine, {
        begins: () => undefined,
        applied: ({ call }, place, result) => {
          states.applied(who, call, place, result);
        },
        did: () => undefined,
        reached: (place, chain, hash) => {
          states.reached(who, place, chain, hash);
        },
        restored: () => undefined,
      }),
  };
}

type Watched = WatchedMachine<RegisterCommand, boolean, string, number | null>;

/** Applies some commands from an index on, each of the call with this number. */
function fill(machine: Watched, from: number, to: number, time = 1000): void {
  for (let index = from; index <= to; index++) {
    const command = write(`r${String(index % 3)}`, index);
    machine.apply({ call: index, command }, { index, position: 0, time });
  }
}

/** A machine with something about it changed. */
function registersBut(changes: Partial<Registers> & { base?: Registers }): Registers {
  const { base = registerMachine(), ...rest } = changes;
  return { ...base, ...rest };
}

async function* inChunks(
  chunks: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  const all: number[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  for (let at = 0; at < all.length; at += bytes) {
    yield Uint8Array.from(all.slice(at, at + bytes));
    if (at % 3 === 0) yield new Uint8Array(0);
  }
}

describe('machines that do the same', () => {
  it('pass, whoever is first', () => {
    const { watched } = group();
    const [first, second] = [watched('n1', registerMachine()), watched('n2', registerMachine())];
    fill(first, 1, 5);
    fill(second, 1, 9);
    fill(first, 6, 9);
    expect(first.query('r0')).toEqual({ answer: 9, index: 9 });
    expect(second.query('r0')).toEqual({ answer: 9, index: 9 });
  });

  it.each([1, 3, 13, 14, 15, 64, 10_000])(
    'pass when one goes on from the snapshot of another, in chunks of %d bytes',
    async (bytes) => {
      const { watched } = group();
      const first = watched('n1', registerMachine());
      fill(first, 1, 9);
      const snapshot = first.snapshot();
      // The snapshot is of this moment.
      fill(first, 10, 12);
      const second = watched('n2', registerMachine());
      await second.restore(inChunks(snapshot, bytes));
      expect(second.query('r0')).toEqual({ answer: 9, index: 9 });
      fill(second, 10, 12);
      expect(second.query('r0')).toEqual({ answer: 12, index: 12 });
    },
  );

  it('pass where both refuse a command', () => {
    const { watched } = group();
    const refusing = (): Registers =>
      registersBut({
        apply: () => {
          throw new RangeError('no');
        },
      });
    for (const who of ['n1', 'n2']) {
      expect(() => {
        fill(watched(who, refusing()), 1, 1);
      }).toThrow(RangeError);
    }
  });

  it('keep what their machine does not have absent', () => {
    const { watched } = group();
    expect(watched('n1', registerMachine()).stateHash).toBeTypeOf('function');
    const plain = registerMachine();
    delete plain.stateHash;
    expect(watched('n1', plain).stateHash).toBeUndefined();
  });

  it('do not take a snapshot without a head', async () => {
    const { watched } = group();
    const empty = inChunks(watched('n1', registerMachine()).snapshot(), 5);
    const cut = (async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of empty) {
        yield chunk;
        return;
      }
    })();
    await expect(watched('n2', registerMachine()).restore(cut)).rejects.toThrow('head');
  });
});

describe('a machine that does something else than the others', () => {
  it.each<[string, Registers]>([
    ['answers', registersBut({ apply: () => false })],
    [
      'refuses what others take',
      registersBut({
        apply: () => {
          throw new Violation('refused');
        },
      }),
    ],
  ])('is found where it %s', (_what, machine) => {
    const { watched } = group();
    fill(watched('n1', registerMachine()), 1, 3);
    expect(() => {
      fill(watched('n2', machine), 1, 3);
    }).toThrow('state-machine safety: the results of n2 up to command 0 of entry 1 are others');
  });

  it('is found where its state is another one, though it answers the same', () => {
    const { watched } = group();
    fill(watched('n1', registerMachine()), 1, 3);
    const base = registerMachine();
    const forgetful = registersBut({
      base,
      apply: (command, context) => {
        if (context.index === 2) return true;
        return base.apply(command, context);
      },
    });
    expect(() => {
      fill(watched('n2', forgetful), 1, 3);
    }).toThrow('state-machine safety: the state of n2 at command 0 of entry 2 is another');
  });

  it('is found where commands come at another time, or one is left out', () => {
    for (const run of [
      (second: Watched): void => {
        fill(second, 1, 3, 1001);
      },
      (second: Watched): void => {
        fill(second, 2, 3);
      },
    ]) {
      const { watched } = group();
      fill(watched('n1', registerMachine()), 1, 3);
      expect(() => {
        run(watched('n2', registerMachine()));
      }).toThrow('the results of n2');
    }
  });

  it('is found right after a restore that brings back less than there was', async () => {
    const { watched } = group();
    const first = watched('n1', registerMachine());
    fill(first, 1, 9);
    const second = watched('n2', registersBut({ restore: () => Promise.resolve() }));
    await expect(second.restore(first.snapshot())).rejects.toThrow(
      'state-machine safety: the state of n2 at command 0 of entry 9 is another',
    );
  });

  it('is found where the command of one call comes twice', () => {
    const { watched, states } = group();
    const machine = watched('n1', registerMachine());
    fill(machine, 1, 3);
    expect([states.placeOf(3) !== undefined, states.placeOf(4)]).toEqual([true, undefined]);
    expect(() => {
      machine.apply({ call: 2, command: write('r2', 2) }, { index: 4, position: 1, time: 1000 });
    }).toThrow(
      'exactly once: n1 applies a command at command 1 of entry 4 that was applied at command 0 of entry 2',
    );
  });

  it('is found after a restart, compared with itself', () => {
    const { watched } = group();
    let applied = 0;
    const counting = (): Registers => registersBut({ apply: () => (applied += 1) % 2 === 0 });
    fill(watched('n1', counting()), 1, 3);
    expect(() => {
      fill(watched('n1', counting()), 1, 3);
    }).toThrow('the results of n1');
  });
});
