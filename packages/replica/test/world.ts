/** A replica on a fake log, on virtual time. */
import {
  openReplica,
  type MachineOptions,
  type Replica,
  type PayloadCaller,
} from '@quorate/replica';
import { FakeLog } from './fake-log.ts';
import { type Command, Register } from './register.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

export interface World {
  readonly runtime: VirtualRuntime;
  readonly log: FakeLog<PayloadCaller<number>>;
  readonly machine: Register;
  readonly replica: Replica<Command, number, string, number>;
}

export type WorldOptions = Partial<MachineOptions<Command, number, string, number>>;

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const runtime = new VirtualRuntime();
  const log = new FakeLog<PayloadCaller<number>>(runtime);
  const machine = new Register();
  const replica = await openReplica({ machine, log, runtime, ...options });
  return { runtime, log, machine, replica };
}

/** What became of a promise so far; observing it also keeps a rejection from going unhandled. */
export interface Watched<T> {
  readonly outcome: 'waiting' | 'result' | 'error';
  readonly value: T | undefined;
  readonly error: unknown;
  /** How often it settled. */
  readonly settled: number;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: { -readonly [K in keyof Watched<T>]: Watched<T>[K] } = {
    outcome: 'waiting',
    value: undefined,
    error: undefined,
    settled: 0,
  };
  promise.then(
    (value) => {
      watched.outcome = 'result';
      watched.value = value;
      watched.settled++;
    },
    (error: unknown) => {
      watched.outcome = 'error';
      watched.error = error;
      watched.settled++;
    },
  );
  return watched;
}

export const add = (by: number): Command => ({ type: 'add', by });
