/** Opening, closing, and what a replica says of itself. */
import {
  ClosedError,
  CorruptError,
  InvalidArgumentError,
  type LogEvent,
  StorageFailedError,
} from '@quorate/core';
import { type PayloadCaller, openReplica } from '@quorate/replica';
import { describe, expect, it } from 'vitest';
import { FakeLog } from './fake-log.ts';
import { Register } from './register.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';
import { add, openWorld, watch } from './world.ts';

describe('opening', () => {
  it('that fails closes what it opened, and says why', async () => {
    const runtime = new VirtualRuntime();
    const log = new FakeLog<PayloadCaller<number>>(runtime);
    log.failStart = new CorruptError('damaged');
    await expect(openReplica({ machine: new Register(), log, runtime })).rejects.toBe(
      log.failStart,
    );
    expect(log.calls).toEqual(['close']);
    expect(log.listeners).toBe(0);
  });

  it('that fails says why even if closing fails too', async () => {
    const runtime = new VirtualRuntime();
    const log = new FakeLog<PayloadCaller<number>>(runtime);
    log.failStart = new CorruptError('damaged');
    log.close = (): Promise<void> => Promise.reject(new Error('cannot close'));
    await expect(openReplica({ machine: new Register(), log, runtime })).rejects.toBe(
      log.failStart,
    );
  });

  it.each([
    { maxCommandBytes: 0 },
    { maxPending: -1 },
    { maxWaitingReads: Number.NaN },
    { executeTimeoutMs: Infinity },
    { queryTimeoutMs: 0 },
  ])('with limits %o is refused before anything is started', async (limits) => {
    const runtime = new VirtualRuntime();
    const log = new FakeLog<PayloadCaller<number>>(runtime);
    await expect(
      openReplica({ machine: new Register(), log, runtime, limits }),
    ).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(log.calls).toEqual([]);
    expect(log.state).toBe('starting');
  });
});

describe('closing', () => {
  it('twice is closing once', async () => {
    const { replica, log } = await openWorld();
    await Promise.all([replica.close(), replica.close()]);
    await replica[Symbol.asyncDispose]();
    expect(log.calls).toEqual(['close']);
  });

  it('leaves no timer and no listener', async () => {
    const { replica, log, runtime } = await openWorld();
    log.holding = true;
    log.asking = true;
    watch(replica.execute(add(1)));
    watch(replica.query('sum'));
    await runtime.settle();
    expect(runtime.pending).toBe(2);
    await replica.close();
    await runtime.settle();
    expect(runtime.pending).toBe(0);
    expect(log.listeners).toBe(0);
  });
});

it('takes nothing in after the log has failed, and says what failed', async () => {
  const { replica, runtime, log } = await openWorld();
  log.asking = true;
  const query = watch(replica.query('sum'));
  await runtime.settle();
  const error = new StorageFailedError('disk full');
  log.fail(error);
  const command = watch(replica.execute(add(1)));
  const local = watch(replica.query('sum', { consistency: 'local' }));
  await replica.close();
  const later = watch(replica.executeAll([add(1)]));
  await runtime.settle();
  for (const call of [query, command, local, later]) {
    expect(call.error).toBeInstanceOf(ClosedError);
    expect(call.error).toMatchObject({ cause: error });
  }
});

it('hands administration on to the log', async () => {
  const { replica, log } = await openWorld();
  await replica.changeMembership([{ type: 'remove', id: 'b' }]);
  await replica.transferLeadership('c');
  await replica.snapshot();
  expect(log.calls).toEqual([
    'changeMembership [{"type":"remove","id":"b"}]',
    'transferLeadership c',
    'snapshot',
  ]);
});

it('passes events of the log on until told to stop', async () => {
  const { replica, log } = await openWorld();
  const events: LogEvent[] = [];
  const stop = replica.on((event) => events.push(event));
  const event: LogEvent = { type: 'leader', leader: 'b', epoch: 3 };
  log.emit(event);
  stop();
  log.emit(event);
  expect(events).toEqual([event]);
});

it('adds to the status of the log what it knows itself', async () => {
  const { replica, runtime, log } = await openWorld();
  log.entryTime = 77;
  await Promise.all([replica.execute(add(255)), runtime.settle()]);
  log.holding = true;
  log.asking = true;
  watch(replica.execute(add(1)));
  watch(replica.query('sum'));
  await runtime.settle();
  expect(replica.node).toBe('a');
  expect(replica.status).toMatchObject({
    ...log.status,
    appliedIndex: 1,
    stateHash: '000000ff',
    time: 77,
    pending: 1,
    waitingReads: 1,
  });
  expect(replica.counters).toMatchObject({
    log_submitted: 2,
    commands_submitted: 2,
    commands_applied: 1,
    entries_applied: 1,
    reads_asked: 1,
    read_barriers: 1,
  });
});
