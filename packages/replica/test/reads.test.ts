/** Queries: linearizable, lease and local; bounded, batched, and never on half a state. */
import {
  AbortedError,
  ClosedError,
  InvalidArgumentError,
  OverloadedError,
  TimeoutError,
  UnavailableError,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { payloadOf } from './register.ts';
import { add, openWorld, watch } from './world.ts';

describe('a linearizable query', () => {
  it('waits for a barrier, then until everything up to it is applied', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const query = watch(replica.query('sum'));
    await runtime.settle();
    expect(log.calls).toEqual(['barrier linearizable']);
    log.barriers[0]?.resolve(2);
    log.deliver([{ payloads: [payloadOf(add(1))] }]);
    await runtime.settle();
    expect(query.outcome).toBe('waiting');
    log.deliver([{ payloads: [payloadOf(add(2))] }]);
    await runtime.settle();
    expect(query.value).toBe(3);
  });

  it('shares its barrier with all queries of the turn, and with none of a later turn', async () => {
    const { replica, runtime, log } = await openWorld();
    const queries = [1, 2, 3].map(() => watch(replica.query('sum')));
    await runtime.settle();
    expect(log.calls).toEqual(['barrier linearizable']);
    expect(queries.map((query) => query.value)).toEqual([0, 0, 0]);
    watch(replica.query('sum'));
    await runtime.settle();
    expect(log.calls).toEqual(['barrier linearizable', 'barrier linearizable']);
  });

  it('shares none that was asked for before it came, in the same turn either', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    watch(replica.query('sum'));
    const barrier = log.barrier.bind(log);
    log.barrier = (guarantee, options) => {
      log.barrier = barrier;
      const asked = barrier(guarantee, options);
      watch(replica.query('sum'));
      return asked;
    };
    await runtime.settle();
    expect(log.barriers).toHaveLength(2);
  });

  it('asks for the barrier only after the last query of the turn', async () => {
    const { replica, runtime, log } = await openWorld();
    const early = watch(replica.query('sum'));
    log.deliver([{ payloads: [payloadOf(add(7))] }]);
    const late = watch(replica.query('sum'));
    expect(log.calls).toEqual([]);
    await runtime.settle();
    expect([early.value, late.value]).toEqual([7, 7]);
  });

  it('is answered in the order of indexes when barriers come in another order', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const order: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      void replica.query('sum').then((sum) => order.push(`${name} ${String(sum)}`));
      await runtime.settle();
    }
    [3, 1, 2].forEach((index, at) => log.barriers[at]?.resolve(index));
    await runtime.settle();
    for (let by = 1; by <= 3; by++) {
      log.deliver([{ payloads: [payloadOf(add(by))] }]);
      await runtime.settle();
    }
    expect(order).toEqual(['second 1', 'third 3', 'first 6']);
  });

  it('rejects with what the log says', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const queries = [watch(replica.query('sum')), watch(replica.query('sum'))];
    await runtime.settle();
    const error = new UnavailableError('no leader');
    log.barriers[0]?.reject(error);
    await runtime.settle();
    expect(queries.map((query) => query.error)).toEqual([error, error]);
    expect(replica.status.waitingReads).toBe(0);
  });
});

it('asks for a lease barrier where the caller wants one', async () => {
  const { replica, runtime, log } = await openWorld();
  watch(replica.query('sum', { consistency: 'lease' }));
  watch(replica.query('sum', { consistency: 'linearizable' }));
  await runtime.settle();
  expect(log.calls).toEqual(['barrier lease', 'barrier linearizable']);
});

it('answers a local query at once', async () => {
  const { replica, log } = await openWorld();
  log.asking = true;
  log.deliver([{ payloads: [payloadOf(add(5))] }]);
  expect(await replica.query('sum', { consistency: 'local' })).toBe(5);
  expect(log.calls).toEqual([]);
});

it('says with a reading how fresh it is', async () => {
  const { replica, runtime, log } = await openWorld();
  log.deliver([{ payloads: [payloadOf(add(5))] }]);
  log.commitIndex = 4;
  expect(await replica.read('sum', { consistency: 'local' })).toEqual({
    answer: 5,
    index: 1,
    commitIndex: 4,
    contactAgeMs: undefined,
  });
  log.contactAt = runtime.now();
  await runtime.run(250);
  expect(await replica.read('sum', { consistency: 'local' })).toMatchObject({ contactAgeMs: 250 });
});

it('gives what the machine throws to the caller, and to nobody else', async () => {
  const { replica, runtime } = await openWorld();
  const bad = watch(replica.query('fail'));
  const good = watch(replica.query('sum'));
  const local = watch(replica.query('fail', { consistency: 'local' }));
  await runtime.settle();
  expect(bad.error).toBeInstanceOf(RangeError);
  expect(local.error).toBeInstanceOf(RangeError);
  expect(good.value).toBe(0);
  expect(replica.status.state).toBe('running');
});

describe('giving up', () => {
  it('is TIMEOUT at the deadline', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const short = watch(replica.query('sum', { timeoutMs: 100 }));
    const long = watch(replica.query('sum'));
    await runtime.run(120);
    expect(short.error).toBeInstanceOf(TimeoutError);
    await runtime.run(9_800);
    expect(long.outcome).toBe('waiting');
    await runtime.run(100);
    expect(long.error).toBeInstanceOf(TimeoutError);
  });

  it('spares the machine the question', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    log.asking = true;
    watch(replica.query('sum', { timeoutMs: 100 }));
    watch(replica.query('sum', { timeoutMs: 500 }));
    await runtime.run(200);
    log.barriers[0]?.resolve(0);
    await runtime.settle();
    expect(machine.queried).toBe(1);
  });

  it('takes the barrier back once nobody waits for it', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    watch(replica.query('sum', { timeoutMs: 100 }));
    watch(replica.query('sum', { timeoutMs: 500 }));
    watch(replica.query('sum', { timeoutMs: 200 }));
    await runtime.run(400);
    expect(log.barriers[0]?.signal?.aborted).toBe(false);
    await runtime.run(200);
    expect(log.barriers[0]?.signal?.aborted).toBe(true);
    expect(replica.status.waitingReads).toBe(0);
  });

  it('lets go of queries whose entries never come', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const query = watch(replica.query('sum', { timeoutMs: 100 }));
    await runtime.settle();
    log.barriers[0]?.resolve(1_000);
    await runtime.run(200);
    expect(query.error).toBeInstanceOf(TimeoutError);
    expect(replica.status.waitingReads).toBe(0);
  });

  it('is ABORTED by the signal, before or after', async () => {
    const { replica, runtime, log } = await openWorld();
    log.asking = true;
    const controller = new AbortController();
    const { signal } = controller;
    const during = watch(replica.query('sum', { signal }));
    await runtime.settle();
    controller.abort('enough');
    const after = watch(replica.query('sum', { signal, consistency: 'local' }));
    await runtime.settle();
    for (const query of [during, after]) {
      expect(query.error).toBeInstanceOf(AbortedError);
      expect(query.error).toMatchObject({ cause: 'enough' });
    }
  });

  it('is CLOSED at close, at once, and after it', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    log.asking = true;
    const sameTurn = watch(replica.query('sum'));
    await runtime.settle();
    const waiting = watch(replica.query('sum'));
    const closing = replica.close();
    const local = watch(replica.query('sum', { consistency: 'local' }));
    await runtime.settle();
    await closing;
    for (const query of [sameTurn, waiting, local]) expect(query.error).toBeInstanceOf(ClosedError);
    expect(machine.queried).toBe(0);
    expect(log.barriers).toEqual([]);
  });
});

it('keeps no more queries than its limit', async () => {
  const { replica, runtime, log } = await openWorld({ limits: { maxWaitingReads: 2 } });
  log.asking = true;
  const queries = [1, 2, 3].map(() => watch(replica.query('sum')));
  await runtime.settle();
  expect(queries.map((query) => query.outcome)).toEqual(['waiting', 'waiting', 'error']);
  expect(queries[2]?.error).toBeInstanceOf(OverloadedError);
  log.barriers[0]?.resolve(0);
  await runtime.settle();
  expect(replica.status.waitingReads).toBe(0);
});

it('refuses a time-out that cannot be waited for', async () => {
  const { replica } = await openWorld();
  await expect(replica.query('sum', { timeoutMs: 0 })).rejects.toBeInstanceOf(InvalidArgumentError);
});

it('answers a burst in slices, so that it does not hold up the log', async () => {
  const { replica, runtime, log, machine } = await openWorld();
  log.asking = true;
  const queries = Array.from({ length: 3_000 }, () => watch(replica.query('sum')));
  await runtime.settle();
  log.barriers[0]?.resolve(1);
  await runtime.settle();
  log.deliver([{ payloads: [payloadOf(add(5))] }]);
  expect(machine.queried).toBeLessThanOrEqual(1_024);
  await runtime.settle();
  expect(queries.every((query) => query.value === 5)).toBe(true);
});

describe('while a snapshot is being restored', () => {
  it('every query waits, and sees the whole new state', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    log.deliver([{ payloads: [payloadOf(add(5))] }]);
    const { index, chunks } = log.consumer.snapshot();
    let open: () => void = () => undefined;
    machine.restoreGate = new Promise((resolve) => {
      open = resolve;
    });
    const restored = log.restore(index, chunks);
    await runtime.settle();
    const local = watch(replica.query('sum', { consistency: 'local' }));
    const linearizable = watch(replica.query('sum'));
    await runtime.settle();
    expect(machine.queried).toBe(0);
    open();
    await restored;
    await runtime.settle();
    expect([local.value, linearizable.value]).toEqual([5, 5]);
  });

  it('a restore that fails closes them', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    const { index, chunks } = log.consumer.snapshot();
    machine.failRestore = true;
    const restored = watch(log.restore(index, chunks));
    const local = watch(replica.query('sum', { consistency: 'local' }));
    await runtime.settle();
    expect(restored.outcome).toBe('error');
    expect(local.error).toBeInstanceOf(ClosedError);
  });
});
