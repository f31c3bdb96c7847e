/** `executeAll`: many commands, one promise, and the whole truth about each where not all worked. */
import {
  CommandRejectedError,
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  TooLargeError,
} from '@quorate/core';
import { BatchOutcomeError } from '@quorate/replica';
import { describe, expect, it } from 'vitest';
import { add, openWorld, watch } from './world.ts';

/** The kinds of outcome that a failed batch brings. */
function kindsOf(error: unknown): readonly string[] {
  expect(error).toBeInstanceOf(BatchOutcomeError);
  return error instanceof BatchOutcomeError ? error.outcomes.map(({ type }) => type) : [];
}

it('gives all results in order', async () => {
  const { replica, runtime } = await openWorld();
  const call = watch(replica.executeAll([add(1), add(2), add(3)]));
  await runtime.settle();
  expect(call.value).toEqual([1, 3, 6]);
});

it('gives no results for no commands', async () => {
  const { replica, log } = await openWorld();
  expect(await replica.executeAll([])).toEqual([]);
  expect(log.submitted).toBe(0);
});

it('keeps results in order when the commands come back in several entries', async () => {
  const { replica, runtime, log } = await openWorld();
  log.holding = true;
  const submit = log.submit.bind(log);
  log.submit = (payload, caller): void => {
    submit(payload, caller);
    log.decide();
  };
  const call = watch(replica.executeAll([add(1), add(2), add(3)]));
  await runtime.settle();
  expect(call.value).toEqual([1, 3, 6]);
  expect(log.commitIndex).toBe(3);
});

describe('where something fails', () => {
  it('says for each command what became of it', async () => {
    const { replica, runtime } = await openWorld();
    const call = watch(replica.executeAll([add(1), { type: 'refuse' }, add(2)]));
    await runtime.settle();
    expect(call.error).toBeInstanceOf(OutcomeUnknownError);
    expect(call.error).toMatchObject({
      outcomes: [
        { type: 'result', result: 1 },
        { type: 'rejected', error: expect.any(CommandRejectedError) as unknown },
        { type: 'result', result: 3 },
      ],
    });
  });

  it('rejects plainly and definitely where no command happened or will', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    const call = watch(replica.executeAll([add(1), add(2)]));
    const error = new NotLeaderError('b');
    log.rejectSubmitted(error);
    await runtime.settle();
    expect(call.error).toBe(error);
  });

  it('hands in nothing where one command cannot be handed in', async () => {
    const { replica, runtime, log } = await openWorld({ limits: { maxCommandBytes: 100 } });
    const call = watch(replica.executeAll([add(1), { type: 'pad', bytes: 100 }]));
    await runtime.settle();
    expect(call.error).toBeInstanceOf(TooLargeError);
    expect(log.submitted).toBe(0);
  });

  it('takes a batch as a whole or not at all', async () => {
    const { replica, runtime, log } = await openWorld({ limits: { maxPending: 3 } });
    log.holding = true;
    const first = watch(replica.executeAll([add(1), add(2)]));
    const second = watch(replica.executeAll([add(3), add(4)]));
    const never = watch(replica.executeAll([add(1), add(1), add(1), add(1)]));
    await runtime.settle();
    expect(second.error).toBeInstanceOf(OverloadedError);
    expect(never.error).toBeInstanceOf(TooLargeError);
    log.decide();
    await runtime.settle();
    expect(first.value).toEqual([1, 3]);
  });

  it('tells at the deadline which results there are', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    let count = 0;
    const submit = log.submit.bind(log);
    log.submit = (payload, caller): void => {
      submit(payload, caller);
      if (++count === 1) log.decide();
    };
    const call = watch(replica.executeAll([add(1), add(2)], { timeoutMs: 100 }));
    await runtime.run(120);
    expect(kindsOf(call.error)).toEqual(['result', 'unknown']);
  });

  it('is not definite where one was refused and another may still happen', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    let count = 0;
    const submit = log.submit.bind(log);
    log.submit = (payload, caller): void => {
      submit(payload, caller);
      if (++count === 1) log.decide();
    };
    const call = watch(replica.executeAll([{ type: 'refuse' }, add(1)], { timeoutMs: 100 }));
    await runtime.run(120);
    expect(kindsOf(call.error)).toEqual(['rejected', 'unknown']);
  });
});
