/** `execute` settles in exactly one of three ways: a result, a definite rejection, outcome unknown. */
import {
  AbortedError,
  ClosedError,
  CommandRejectedError,
  InvalidArgumentError,
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  TooLargeError,
} from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandOf } from './register.ts';
import { add, openWorld, watch } from './world.ts';

describe('a result', () => {
  it('is what the machine returned, once the command is decided and applied', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    log.holding = true;
    const call = watch(replica.execute(add(5)));
    await runtime.settle();
    expect(call.outcome).toBe('waiting');
    expect(machine.sum).toBe(0);
    log.decide();
    await runtime.settle();
    expect(call).toMatchObject({ outcome: 'result', value: 5, settled: 1 });
  });

  it('comes in the order of the calls', async () => {
    const { replica, runtime } = await openWorld();
    const results = Promise.all([add(1), add(2), add(3)].map((each) => replica.execute(each)));
    await runtime.settle();
    expect(await results).toEqual([1, 3, 6]);
  });

  it('goes to the caller of its command, and to nobody where another node has submitted it', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    log.holding = true;
    const own = watch(replica.execute(add(1)));
    log.deliver([{ payloads: [Uint8Array.of(0, 0, 0, 0, 0, 40)] }]);
    log.decide();
    await runtime.settle();
    expect(own.value).toBe(41);
    expect(machine.contexts.map(({ index }) => index)).toEqual([1, 2]);
  });
});

describe('a definite rejection', () => {
  it('is what the machine refuses; the state is as before', async () => {
    const { replica, runtime, machine } = await openWorld();
    const call = watch(replica.execute({ type: 'refuse' }));
    await runtime.settle();
    expect(call.error).toBeInstanceOf(CommandRejectedError);
    expect(machine.sum).toBe(0);
    const next = watch(replica.execute(add(1)));
    await runtime.settle();
    expect(next.value).toBe(1);
  });

  it('is what the log rejects definitely, passed on as it is', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    const call = watch(replica.execute(add(5)));
    const error = new NotLeaderError('b');
    log.rejectSubmitted(error);
    await runtime.settle();
    expect(call.error).toBe(error);
  });

  it('is TOO_LARGE for a command over its limit, before anything is handed on', async () => {
    const { replica, log, runtime } = await openWorld({ limits: { maxCommandBytes: 100 } });
    // Envelope 1, type 1, length 4.
    const fits = watch(replica.execute({ type: 'pad', bytes: 94 }));
    const over = watch(replica.execute({ type: 'pad', bytes: 95 }));
    await runtime.settle();
    expect(fits.outcome).toBe('result');
    expect(over.error).toBeInstanceOf(TooLargeError);
    expect(log.submitted).toBe(1);
  });

  it('is INVALID_ARGUMENT for a command that cannot be encoded, and harms not the next one', async () => {
    const { replica, runtime } = await openWorld();
    const bad = watch(replica.execute({ type: 'unencodable' }));
    const good = watch(replica.execute(add(5)));
    await runtime.settle();
    expect(bad.error).toBeInstanceOf(InvalidArgumentError);
    expect(good.value).toBe(5);
  });

  it('is ABORTED when the signal fired before the call', async () => {
    const { replica, runtime, log } = await openWorld();
    const call = watch(replica.execute(add(5), { signal: AbortSignal.abort('no') }));
    await runtime.settle();
    expect(call.error).toBeInstanceOf(AbortedError);
    expect(call.error).toMatchObject({ cause: 'no' });
    expect(log.submitted).toBe(0);
  });

  it('is CLOSED after close', async () => {
    const { replica, runtime, log } = await openWorld();
    await replica.close();
    const call = watch(replica.execute(add(5)));
    await runtime.settle();
    expect(call.error).toBeInstanceOf(ClosedError);
    expect(log.submitted).toBe(0);
  });

  it.each([0, -1, Number.NaN, Infinity, 2 ** 31])(
    'is INVALID_ARGUMENT for a time-out of %d ms',
    async (timeoutMs) => {
      const { replica, log } = await openWorld();
      await expect(replica.execute(add(5), { timeoutMs })).rejects.toBeInstanceOf(
        InvalidArgumentError,
      );
      expect(log.submitted).toBe(0);
    },
  );

  it('is OVERLOADED while too many commands have not come back', async () => {
    const { replica, runtime, log } = await openWorld({ limits: { maxPending: 2 } });
    log.holding = true;
    const calls = [1, 2, 3].map((by) => watch(replica.execute(add(by))));
    await runtime.settle();
    expect(calls.map((call) => call.outcome)).toEqual(['waiting', 'waiting', 'error']);
    expect(calls[2]?.error).toBeInstanceOf(OverloadedError);
    log.decide();
    const later = watch(replica.execute(add(4)));
    log.decide();
    await runtime.settle();
    expect(later.value).toBe(1 + 2 + 4);
  });
});

describe('outcome unknown', () => {
  it('is told at the deadline, 10 s where nobody says otherwise', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    const call = watch(replica.execute(add(5)));
    await runtime.run(9_999);
    expect(call.outcome).toBe('waiting');
    await runtime.run(21);
    expect(call.error).toBeInstanceOf(OutcomeUnknownError);
  });

  it('is told after timeoutMs of the call', async () => {
    const { replica, runtime, log } = await openWorld({ limits: { executeTimeoutMs: 60_000 } });
    log.holding = true;
    const short = watch(replica.execute(add(5), { timeoutMs: 100 }));
    const long = watch(replica.execute(add(5)));
    await runtime.run(120);
    expect(short.error).toBeInstanceOf(OutcomeUnknownError);
    await runtime.run(59_000);
    expect(long.outcome).toBe('waiting');
    await runtime.run(1_000);
    expect(long.error).toBeInstanceOf(OutcomeUnknownError);
  });

  it('is told when the signal fires later, with its reason; the command may still happen', async () => {
    const { replica, runtime, log, machine } = await openWorld();
    log.holding = true;
    const controller = new AbortController();
    const call = watch(replica.execute(add(5), { signal: controller.signal }));
    controller.abort('enough');
    await runtime.settle();
    expect(call.error).toBeInstanceOf(OutcomeUnknownError);
    expect(call.error).toMatchObject({ cause: 'enough' });
    log.decide();
    await runtime.settle();
    expect(machine.sum).toBe(5);
    expect(call.settled).toBe(1);
  });

  it('is what the log says when leadership was lost on the way', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    const call = watch(replica.execute(add(5)));
    const error = new OutcomeUnknownError('leadership was lost');
    log.rejectSubmitted(error);
    await runtime.settle();
    expect(call.error).toBe(error);
  });

  it('is told to whoever still waits at close', async () => {
    const { replica, runtime, log } = await openWorld();
    log.holding = true;
    const call = watch(replica.execute(add(5)));
    await replica.close();
    await runtime.settle();
    expect(call.error).toBeInstanceOf(OutcomeUnknownError);
    expect(runtime.pending).toBe(0);
  });

  it('keeps the place of a command until the log gives it back', async () => {
    const { replica, runtime, log } = await openWorld({ limits: { maxPending: 1 } });
    log.holding = true;
    const first = watch(replica.execute(add(1), { timeoutMs: 50 }));
    await runtime.run(100);
    expect(first.error).toBeInstanceOf(OutcomeUnknownError);
    expect(replica.status.pending).toBe(1);
    const second = watch(replica.execute(add(2)));
    await runtime.settle();
    expect(second.error).toBeInstanceOf(OverloadedError);
    log.decide();
    expect(replica.status.pending).toBe(0);
  });
});

it('leaves nothing behind: no listener on the signal, no place taken', async () => {
  const { replica, runtime } = await openWorld();
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const on = signal.addEventListener.bind(signal);
  const off = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof on>): void => {
    listeners++;
    on(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof off>): void => {
    listeners--;
    off(...args);
  };
  const call = watch(replica.execute(add(5), { signal }));
  expect(listeners).toBe(1);
  await runtime.settle();
  expect(call.value).toBe(5);
  expect(listeners).toBe(0);
  expect(replica.status.pending).toBe(0);
});

it('is not misled by a log that settles a caller twice', async () => {
  const { replica, runtime, log } = await openWorld();
  log.holding = true;
  const submit = log.submit.bind(log);
  const callers: { reject(error: OutcomeUnknownError): void }[] = [];
  log.submit = (bytes, caller): void => {
    callers.push(caller);
    submit(bytes, caller);
  };
  const first = watch(replica.execute(add(1)));
  callers[0]?.reject(new OutcomeUnknownError('lost'));
  log.decide();
  const second = watch(replica.execute(add(2)));
  log.decide();
  callers[1]?.reject(new OutcomeUnknownError('lost'));
  await runtime.settle();
  expect(first.error).toBeInstanceOf(OutcomeUnknownError);
  expect(second.value).toBe(3);
  expect(replica.status.pending).toBe(0);
});

it('needs one timer for any number of commands', async () => {
  const { replica, runtime, log } = await openWorld();
  for (let round = 0; round < 100; round++) {
    const calls = Promise.all(Array.from({ length: 100 }, () => replica.execute(add(1))));
    await runtime.run(1);
    await calls;
  }
  expect(log.submitted).toBe(10_000);
  expect(runtime.timersSet).toBe(1);
  await runtime.run(20_000);
  expect(runtime.timersSet).toBe(1);
  expect(replica.counters['calls_timed_out']).toBe(0);
});

it('settles every call exactly once and truly, whatever happens in whatever order', async () => {
  const steps = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('execute' as const),
          timeoutMs: fc.integer({ min: 1, max: 300 }),
          all: fc.boolean(),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('decide' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reject' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('confirm' as const), works: fc.boolean() }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat() }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          ms: fc.integer({ min: 1, max: 200 }),
        }),
      },
    ),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { replica, runtime, log, machine } = await openWorld();
      log.holding = true;
      log.asking = true;
      const applied = new Set<number>();
      const originalApply = machine.apply.bind(machine);
      machine.apply = (command, context): number => {
        if (command.type === 'add') applied.add(command.by);
        return originalApply(command, context);
      };
      const calls: {
        id: number;
        controller: AbortController;
        call: ReturnType<typeof watch<number>>;
      }[] = [];
      for (const step of script) {
        switch (step.do) {
          case 'execute': {
            const controller = new AbortController();
            const id = calls.length;
            const promise = replica.execute(add(id), {
              signal: controller.signal,
              timeoutMs: step.timeoutMs,
              acknowledge: step.all ? 'all' : 'quorum',
            });
            calls.push({ id, controller, call: watch(promise) });
            break;
          }
          case 'decide':
            log.decide();
            break;
          case 'reject':
            log.rejectSubmitted(new NotLeaderError(undefined));
            break;
          case 'lose':
            log.rejectSubmitted(new OutcomeUnknownError('lost'));
            break;
          case 'confirm': {
            const question = log.questions.shift();
            if (step.works) question?.resolve(0);
            else question?.reject(new Error('nobody answered'));
            break;
          }
          case 'abort':
            calls[step.which % Math.max(calls.length, 1)]?.controller.abort('enough');
            break;
          case 'wait':
            await runtime.run(step.ms);
            break;
        }
        await runtime.settle();
      }
      await runtime.run(1_000);
      for (const { id, call } of calls) {
        expect(call.settled).toBe(1);
        if (call.outcome === 'result') expect(applied).toContain(id);
        else if (!(call.error instanceof OutcomeUnknownError)) expect(applied).not.toContain(id);
      }
      log.decide();
      await replica.close();
      await runtime.settle();
      for (const { id, call } of calls) {
        expect(call.settled).toBe(1);
        if (call.outcome === 'error' && !(call.error instanceof OutcomeUnknownError)) {
          expect(applied).not.toContain(id);
        }
      }
      expect(replica.status.pending).toBe(0);
      expect(runtime.pending).toBe(0);
    }),
    { numRuns: 200 },
  );
});

it('encodes a command once, into what the log keeps', async () => {
  const { replica, runtime, log } = await openWorld();
  const payloads: Uint8Array[] = [];
  const submit = log.submit.bind(log);
  log.submit = (payload, caller): void => {
    payloads.push(payload);
    submit(payload, caller);
  };
  watch(replica.execute(add(7)));
  await runtime.settle();
  expect(payloads.map(commandOf)).toEqual([add(7)]);
});
