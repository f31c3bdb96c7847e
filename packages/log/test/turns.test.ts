import {
  type Effects,
  emptyMembership,
  type Engine,
  type EngineStatus,
  type Input,
  MalformedError,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { Turns } from '../src/turns.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

const status: EngineStatus = {
  role: 'follower',
  leader: undefined,
  epoch: 0,
  firstIndex: 1,
  lastIndex: 0,
  commitIndex: 0,
  settledEpoch: 0,
  membership: emptyMembership,
  contactAt: undefined,
  tailBytes: 0,
  peers: [],
};

/** An engine that wants nothing but to be woken, and fails at an `applied` where it is told to. */
class SleepyEngine implements Engine<string> {
  readonly status = status;
  readonly inputs: Input<string>['type'][] = [];
  takes = 0;
  wakeAt = 100;
  failure: Error | undefined;

  step(input: Input<string>): void {
    if (input.type === 'applied' && this.failure !== undefined) throw this.failure;
    this.inputs.push(input.type);
    if (input.type === 'tick') this.wakeAt += 100;
  }

  take(): Effects<string> {
    this.takes += 1;
    const none = { writes: [], sends: [], committed: [], reads: [], outcomes: [], loads: [] };
    return { ...none, ships: [], restored: undefined, wakeAt: this.wakeAt };
  }
}

function subject(carryOut: (turns: Turns<string>) => void = () => undefined): {
  readonly runtime: VirtualRuntime;
  readonly engine: SleepyEngine;
  readonly turns: Turns<string>;
  readonly failures: unknown[];
} {
  const runtime = new VirtualRuntime();
  const engine = new SleepyEngine();
  const failures: unknown[] = [];
  const turns = new Turns<string>(engine, runtime, {
    gather: () => undefined,
    carryOut: () => {
      carryOut(turns);
    },
    failed: (error) => failures.push(error),
  });
  return { runtime, engine, turns, failures };
}

describe('turns', () => {
  it('gather all inputs of one turn of the event loop into one take', async () => {
    const { runtime, engine, turns } = subject();
    for (const write of [1, 2, 3]) turns.input({ type: 'stored', write });
    await runtime.run(1);
    expect(engine.inputs).toEqual(['stored', 'stored', 'stored']);
    expect(engine.takes).toBe(1);
  });

  it('tick when the engine wants to be woken, and not before', async () => {
    const { runtime, engine, turns } = subject();
    turns.schedule();
    await runtime.run(99);
    expect(engine.inputs).toEqual([]);
    await runtime.run(250);
    expect(engine.inputs).toEqual(['tick', 'tick', 'tick']);
  });

  it('end with whatever an engine throws, also where it looks like a fault of a peer', async () => {
    const { runtime, engine, turns, failures } = subject();
    engine.failure = new MalformedError('a record that cannot be read');
    turns.step({ type: 'applied', index: 1 });
    expect(failures).toEqual([engine.failure]);
    turns.input({ type: 'stored', write: 1 });
    await runtime.run(1000);
    expect(engine.inputs).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  it('leave no timer behind when they end in the middle of one', async () => {
    const { runtime, engine, turns, failures } = subject((running) => {
      running.step({ type: 'applied', index: 1 });
    });
    engine.failure = new Error('a bug');
    turns.schedule();
    await runtime.run(1);
    expect(failures).toHaveLength(1);
    expect(runtime.pending).toBe(0);
  });
});
