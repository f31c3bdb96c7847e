/** `acknowledge: 'all'`: a result means that every voter has applied the command. */
import { CommandRejectedError, OutcomeUnknownError, TimeoutError } from '@quorate/core';
import { BatchOutcomeError, NotConfirmedByAllError } from '@quorate/replica';
import { describe, expect, it } from 'vitest';
import { add, openWorld, watch } from './world.ts';

it('keeps the result until every voter has applied the command', async () => {
  const { replica, runtime, log, machine } = await openWorld();
  log.asking = true;
  const call = watch(replica.execute(add(5), { acknowledge: 'all' }));
  await runtime.settle();
  expect(machine.sum).toBe(5);
  expect(call.outcome).toBe('waiting');
  expect(replica.status.pending).toBe(1);
  log.questions[0]?.resolve(1);
  await runtime.settle();
  expect(call.value).toBe(5);
  expect(replica.status.pending).toBe(0);
});

it('keeps the results of a batch just so', async () => {
  const { replica, runtime, log } = await openWorld();
  log.asking = true;
  const call = watch(replica.executeAll([add(5), add(1)], { acknowledge: 'all' }));
  await runtime.settle();
  expect(call.outcome).toBe('waiting');
  expect(replica.status.pending).toBe(2);
  log.questions[0]?.resolve(1);
  await runtime.settle();
  expect(call.value).toEqual([5, 6]);
  expect(replica.status.pending).toBe(0);
});

it('asks once for everything that one delivery applied, for its highest index', async () => {
  const { replica, runtime, log } = await openWorld({ acknowledge: 'all' });
  log.holding = true;
  const calls = [1, 2, 3].map((by) => watch(replica.execute(add(by))));
  log.decide();
  await runtime.settle();
  expect(calls.map((call) => call.value)).toEqual([1, 3, 6]);
  expect(log.calls).toEqual(['appliedByAll 1']);
});

it('does not make others wait who asked for a quorum', async () => {
  const { replica, runtime, log } = await openWorld({ acknowledge: 'all' });
  log.asking = true;
  const all = watch(replica.execute(add(1)));
  const quorum = watch(replica.execute(add(2), { acknowledge: 'quorum' }));
  await runtime.settle();
  expect(all.outcome).toBe('waiting');
  expect(quorum.value).toBe(3);
});

it('tells a rejection at once: it is the same on every replica', async () => {
  const { replica, runtime, log } = await openWorld();
  log.asking = true;
  const call = watch(replica.execute({ type: 'refuse' }, { acknowledge: 'all' }));
  await runtime.settle();
  expect(call.error).toBeInstanceOf(CommandRejectedError);
  expect(log.calls).toEqual([]);
});

describe('a command that was applied but not confirmed by all', () => {
  it('is outcome unknown, and brings the result, when the deadline passes', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const call = watch(replica.execute(add(5), { acknowledge: 'all', timeoutMs: 100 }));
    await runtime.run(120);
    expect(call.error).toBeInstanceOf(NotConfirmedByAllError);
    expect(call.error).toBeInstanceOf(OutcomeUnknownError);
    expect(call.error).toMatchObject({ code: 'OUTCOME_UNKNOWN', index: 1, result: 5 });
  });

  it('is so too when the log gives up, with the reason', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const call = watch(replica.execute(add(5), { acknowledge: 'all' }));
    await runtime.settle();
    const reason = new TimeoutError('b did not answer');
    log.questions[0]?.reject(reason);
    await runtime.settle();
    expect(call.error).toBeInstanceOf(NotConfirmedByAllError);
    expect(call.error).toMatchObject({ cause: reason, result: 5 });
  });

  it('is so too when the signal fires or the replica is closed', async () => {
    const { replica, runtime, log } = await openWorld({ acknowledge: 'all' });
    log.asking = true;
    const controller = new AbortController();
    const aborted = watch(replica.execute(add(1), { signal: controller.signal }));
    const closed = watch(replica.execute(add(2)));
    await runtime.settle();
    controller.abort('enough');
    await runtime.settle();
    expect(aborted.error).toBeInstanceOf(NotConfirmedByAllError);
    await replica.close();
    await runtime.settle();
    expect(closed.error).toBeInstanceOf(NotConfirmedByAllError);
    expect(replica.status.pending).toBe(0);
  });

  it('takes the question back once nobody waits for it', async () => {
    const { replica, runtime, log } = await openWorld({ acknowledge: 'all' });
    log.asking = true;
    watch(replica.execute(add(1), { timeoutMs: 100 }));
    watch(replica.execute(add(2), { timeoutMs: 500 }));
    watch(replica.execute(add(3), { timeoutMs: 200 }));
    await runtime.run(400);
    expect(log.questions[0]?.signal?.aborted).toBe(false);
    await runtime.run(200);
    expect(log.questions[0]?.signal?.aborted).toBe(true);
    expect(replica.status.pending).toBe(0);
  });

  it('stands among the unknown ones of a batch', async () => {
    const { replica, runtime, log } = await openWorld({ acknowledge: 'all' });
    log.asking = true;
    const call = watch(replica.executeAll([add(1), { type: 'refuse' }], { timeoutMs: 100 }));
    await runtime.run(120);
    expect(call.error).toBeInstanceOf(BatchOutcomeError);
    expect(call.error).toMatchObject({
      outcomes: [
        { type: 'unknown', error: expect.any(NotConfirmedByAllError) as unknown },
        { type: 'rejected', error: expect.any(CommandRejectedError) as unknown },
      ],
    });
  });
});
