/** Snapshots: whole, of one moment, and refused where they are not sound. */
import {
  ByteWriter,
  concatBytes,
  CorruptError,
  ForeignDataError,
  type Runtime,
  systemRuntime,
} from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ledger, type LedgerMachine, ledgerMachine } from '../src/index.ts';
import { collect, fund, Hosted, opened, someSteps, stream, take, transferIds } from './harness.ts';

const preambleBytes = 6;

function lived(): Hosted {
  const hosted = opened();
  hosted.done(fund('t1', 'alice', 500n));
  for (const [at, timeoutMs] of [5000, 0, 9000].entries()) {
    const id = `p${String(at)}`;
    hosted.done(ledger.pending({ id, debit: 'alice', credit: 'bob', amount: 20n, timeoutMs }), 0);
  }
  hosted.done(ledger.post({ id: 't2', pending: 'p1', amount: 3n }));
  hosted.expire(4000);
  return hosted;
}

async function restored(chunks: readonly Uint8Array[]): Promise<LedgerMachine> {
  const machine = ledgerMachine();
  await machine.restore(stream(chunks));
  return machine;
}

/** All that can be asked, in short. */
function view(machine: LedgerMachine): unknown {
  return [
    machine.stateHash(),
    machine.nextExpiry(),
    machine.query(ledger.status()),
    machine.query(ledger.statement({ limit: 1000 })),
    machine.query(ledger.totals()),
    ...['a', 'b', 'c', 'alice', 'bob', 'bank'].map((id) =>
      machine.query(ledger.history(id, { limit: 1000 })),
    ),
    ...['t1', 't2', ...transferIds].map((id) => machine.query(ledger.findTransfer(id))),
  ];
}

describe('a snapshot', () => {
  test('brings back everything, at any point of a random history, and what follows is the same', async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, fc.nat(60), async (steps, at) => {
        const original = new Hosted();
        const cut = Math.min(at, steps.length);
        for (const step of steps.slice(0, cut)) take(original, step);
        const copy = new Hosted(ledgerMachine());
        await copy.machine.restore(original.machine.snapshot());
        copy.index = original.index;
        copy.time = original.time;
        expect(view(copy.machine)).toEqual(view(original.machine));
        for (const step of steps.slice(cut)) {
          expect(take(copy, step)).toEqual(take(original, step));
          expect(copy.machine.stateHash()).toBe(original.machine.stateHash());
        }
        expect(view(copy.machine)).toEqual(view(original.machine));
      }),
      { numRuns: 40 },
    );
  });

  test('of an empty ledger is one too, and takes the place of what was there', async () => {
    const target = lived();
    await target.machine.restore(ledgerMachine().snapshot());
    expect(view(target.machine)).toEqual(view(ledgerMachine()));
    await target.machine.restore(lived().machine.snapshot());
    expect(view(target.machine)).toEqual(view(lived().machine));
  });

  test('has the same bytes on every replica in the same state', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    const copy = await restored([bytes]);
    expect(concatBytes(await collect(copy.snapshot()))).toEqual(bytes);
  });

  test('may arrive in chunks of any size', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 30 }), async (cuts) => {
        const edges = [0, ...cuts.sort((left, right) => left - right), bytes.length];
        const chunks = edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
        expect((await restored(chunks)).stateHash()).toBe(lived().machine.stateHash());
      }),
      { numRuns: 30 },
    );
  });

  test('holds the state at the call while the ledger goes on under it, page by page', async () => {
    const hosted = opened();
    let at = 0;
    const grow = (count: number): void => {
      for (const end = at + count; at < end; at++) {
        const command =
          at % 3 === 2
            ? ledger.pending({
                id: `t${String(at)}`,
                debit: 'bank',
                credit: 'bob',
                amount: 2n,
                timeoutMs: 900,
              })
            : fund(`t${String(at)}`, 'alice', BigInt(at + 1));
        hosted.machine.apply(command, { index: 1000 + at, position: 0, time: 1000 + at });
      }
    };
    grow(2500);
    const before = view(hosted.machine);
    const snapshot = hosted.machine.snapshot();
    grow(300);
    const chunks: Uint8Array[] = [];
    for await (const chunk of snapshot) {
      chunks.push(chunk.slice());
      expect(chunk.length).toBeLessThanOrEqual(64 * 1024);
      grow(700);
      hosted.machine.expire({ index: 1000 + at, position: 0, time: 1000 + at });
    }
    expect(chunks.length).toBeGreaterThan(3);
    expect(view(await restored(chunks))).toEqual(before);
    expect(view(hosted.machine)).not.toEqual(before);
  });

  test('is restored in slices, where a runtime is given to lend turns', async () => {
    const original = opened();
    for (let at = 0; at < 995; at++) original.done(fund(`t${String(at)}`, 'alice', 1n));
    let turns = 0;
    const runtime: Runtime = {
      ...systemRuntime,
      nextTurn: (run) => {
        turns += 1;
        systemRuntime.nextTurn(run);
      },
    };
    const machine = ledgerMachine({ runtime });
    const bytes = concatBytes(await collect(original.machine.snapshot()));
    await machine.restore(stream([bytes]));
    expect(turns).toBe(9);
    expect(machine.stateHash()).toBe(original.machine.stateHash());
  });
});

describe('a snapshot that is not sound', () => {
  /** Tries to restore; says what it was refused with, and that the state is as before. */
  async function refusal(chunks: readonly Uint8Array[]): Promise<unknown> {
    const target = opened();
    const before = view(target.machine);
    const error: unknown = await target.machine.restore(stream(chunks)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(view(target.machine)).toEqual(before);
    return error;
  }

  test('because any one byte of it is another one', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      const error = await refusal([damaged]);
      expect(error).toBeInstanceOf(at < preambleBytes ? ForeignDataError : CorruptError);
    }
  });

  test('because it was cut short anywhere, or something follows', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    for (let length = 0; length < bytes.length; length += 3) {
      expect(await refusal([bytes.subarray(0, length)])).toBeInstanceOf(CorruptError);
    }
    expect(await refusal([bytes, Uint8Array.of(0)])).toBeInstanceOf(CorruptError);
  });

  test('because the source fails halfway', async () => {
    const [first = new Uint8Array(0)] = await collect(lived().machine.snapshot());
    const target = opened();
    const before = view(target.machine);
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield first;
      await Promise.resolve();
      throw new Error('the disk is gone');
    }
    await expect(target.machine.restore(failing())).rejects.toThrow('the disk is gone');
    expect(view(target.machine)).toEqual(before);
  });

  test('because it speaks of records that no ledger has', async () => {
    const header = (length: number): ByteWriter =>
      new ByteWriter().u32(0x514c_4753).u16(1).u48(length).raw(new Uint8Array(32));
    const huge = header(2 ** 40)
      .u16(65535)
      .take();
    expect(await refusal([huge])).toMatchObject({ code: 'CORRUPT' });
    const nothing = header(1).u16(0).take();
    expect(await refusal([nothing])).toMatchObject({ code: 'CORRUPT' });
    const wrongHead = header(0).take().slice();
    wrongHead[20] = 1;
    expect(await refusal([wrongHead])).toMatchObject({ code: 'CORRUPT' });
  });
});
