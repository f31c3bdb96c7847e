/** Applying: deterministic down to the time and the refusals; a machine that fails stops the node. */
import {
  ClosedError,
  CommandRejectedError,
  InvariantError,
  MalformedError,
  OutcomeUnknownError,
  Payloads,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { payload, payloadOf } from './register.ts';
import { add, openWorld, watch, type World } from './world.ts';

describe('what a machine sees', () => {
  it('is the index of the entry and the position in it', async () => {
    const { log, machine } = await openWorld();
    log.deliver([
      { payloads: [payloadOf(add(1)), payloadOf(add(2))], time: 10 },
      { payloads: [], time: 0 },
      { payloads: [payloadOf(add(3))], time: 20 },
    ]);
    expect(machine.contexts).toEqual([
      { index: 1, position: 0, time: 10 },
      { index: 1, position: 1, time: 10 },
      { index: 3, position: 0, time: 20 },
    ]);
  });

  it('is a time that never falls, although the clocks of leaders differ', async () => {
    const { log, machine, replica } = await openWorld();
    for (const time of [100, 90, 0, 101]) log.deliver([{ payloads: [payloadOf(add(1))], time }]);
    expect(machine.contexts.map((context) => context.time)).toEqual([100, 100, 100, 101]);
    expect(replica.status.time).toBe(101);
  });
});

describe('a payload that is no command', () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['is empty', payload(0).subarray(1)],
    ['has an unknown kind', payload(99, 0, 0, 0, 0, 9)],
    ['has the highest kind', payload(255)],
    ['is cut short', payload(0, 0, 0, 0)],
    ['is of a type the machine does not know', payload(0, 77)],
    ['has something behind it', payload(0, 0, 0, 0, 0, 9, 0)],
  ];

  it.each(cases)('that %s is refused, and the state stays', async (_, bytes) => {
    const { replica, log, machine } = await openWorld();
    log.deliver([{ payloads: [payloadOf(add(5)), bytes, payloadOf(add(5))] }]);
    expect(machine.sum).toBe(10);
    expect(replica.status.appliedIndex).toBe(1);
    expect(replica.counters).toMatchObject({ commands_applied: 2, commands_rejected: 1 });
  });

  it('is a definite rejection to its caller', async () => {
    const { replica, runtime, log } = await openWorld();
    const submit = log.submit.bind(log);
    log.submit = (_, caller): void => submit(payload(77), caller);
    const call = watch(replica.execute(add(5)));
    await runtime.settle();
    expect(call.error).toBeInstanceOf(CommandRejectedError);
  });
});

describe('a machine that throws anything else', () => {
  async function crash(): Promise<World> {
    const world = await openWorld();
    world.log.holding = true;
    return world;
  }

  it('stops the log, with the place and the reason', async () => {
    const { log } = await crash();
    log.deliver([{ payloads: [payloadOf(add(5))] }]);
    expect(() =>
      log.deliver([{ payloads: [payloadOf(add(5)), payloadOf({ type: 'crash' })] }]),
    ).toThrow(new InvariantError('the state machine failed at index 2, command 1: boom'));
  });

  it('stops the log also for an error that would be a refusal while decoding', async () => {
    const { log, machine } = await crash();
    machine.apply = (): never => {
      throw new MalformedError('thrown halfway through a change of the state');
    };
    expect(() => log.deliver([{ payloads: [payloadOf(add(5))] }])).toThrow(InvariantError);
  });

  it('leaves nobody who waits without a word: results before it stand, the rest is unknown', async () => {
    const { replica, runtime, log } = await crash();
    const before = watch(replica.execute(add(5)));
    const all = watch(replica.execute(add(6), { acknowledge: 'all' }));
    const itself = watch(replica.execute({ type: 'crash' }));
    const after = watch(replica.execute(add(7)));
    expect(() => log.decide()).toThrow(InvariantError);
    await runtime.settle();
    expect(before.value).toBe(5);
    expect(all.error).toMatchObject({ code: 'OUTCOME_UNKNOWN', result: 11 });
    expect(itself.error).toBeInstanceOf(OutcomeUnknownError);
    expect(after.error).toBeInstanceOf(OutcomeUnknownError);
    expect(replica.status.pending).toBe(0);
  });

  it('answers no query and takes no command and no entry from then on', async () => {
    const { replica, runtime, log, machine } = await crash();
    const waiting = watch(replica.query('sum'));
    watch(replica.execute({ type: 'crash' }));
    expect(() => log.decide()).toThrow(InvariantError);
    const local = watch(replica.query('sum', { consistency: 'local' }));
    const command = watch(replica.execute(add(1)));
    await runtime.settle();
    expect(waiting.error).toBeInstanceOf(ClosedError);
    expect(local.error).toEqual(new ClosedError('the state machine failed'));
    expect(command.error).toBeInstanceOf(ClosedError);
    expect(machine.queried).toBe(0);
    expect(() => log.consumer.deliver([])).toThrow(InvariantError);
    expect(() => log.consumer.snapshot()).toThrow(InvariantError);
  });
});

it('does not apply entries that do not follow one another', async () => {
  const { log, machine } = await openWorld();
  const payloads = Payloads.of(payloadOf(add(1)));
  const entry = { index: 2, time: 0, payloads, callers: undefined };
  expect(() => log.consumer.deliver([entry])).toThrow(InvariantError);
  expect(machine.sum).toBe(0);
});
