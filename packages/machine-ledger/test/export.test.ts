/** Exports: what they hold, and that nothing in them can be changed unnoticed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  exportLedger,
  ledger,
  type LedgerQuery,
  verifyExport,
  type VerifyOptions,
} from '../src/index.ts';
import { headerLine, maxLineLength, recordLine } from '../src/export.ts';
import { emptyHead, fromHex, hex, leafHash, linkHash } from '../src/hashing.ts';
import { MerkleTree } from '../src/merkle.ts';
import { encode } from '@quorate/core';
import { decodeRecord, readRecord, writeRecord } from '../src/record.ts';
import { collect, fund, Hosted, opened, someSteps, stream, take } from './harness.ts';

function lived(): Hosted {
  const hosted = opened();
  hosted.done(fund('t1', 'alice', 500n));
  hosted.done(
    ledger.pending({ id: 'p1', debit: 'alice', credit: 'bob', amount: 20n, timeoutMs: 5000 }),
  );
  hosted.done(ledger.pending({ id: 'p2', debit: 'alice', credit: 'bob', amount: 5n }));
  hosted.done(ledger.post({ id: 't2', pending: 'p2', amount: 3n, userData: Uint8Array.of(171) }));
  hosted.expire(5000);
  hosted.done(fund('t3', 'bob', 2n ** 100n));
  return hosted;
}

function exported(hosted: Hosted): Promise<string[]> {
  return collect(exportLedger((query) => hosted.query(query)));
}

/** The number of the first record that does not fit, or what is wrong with the whole. */
async function firstUnfit(
  lines: readonly string[],
  options?: VerifyOptions,
): Promise<number | string> {
  const found = await verifyExport(lines, options);
  if (found.type === 'sound') return 'sound';
  return found.sequence ?? found.problem;
}

/** An export of records that are hashed as they should be, whatever they say. */
function forged(records: readonly Uint8Array[]): string[] {
  const leaves = records.map(leafHash);
  const tree = new MerkleTree((at) => leaves[at] ?? emptyHead);
  let head = emptyHead;
  const lines = records.map((record, sequence) => {
    const leaf = leafHash(record);
    head = linkHash(head, leaf);
    tree.append(leaf);
    return recordLine(sequence, hex(head), record);
  });
  return [
    headerLine({ length: records.length, head: hex(head), root: hex(tree.root()) }),
    ...lines,
  ];
}

function recordsIn(lines: readonly string[]): Uint8Array[] {
  return lines.slice(1).map((line) => {
    const record = /"record":"([0-9a-f]+)"/.exec(line)?.[1] ?? '';
    return fromHex(record) ?? emptyHead;
  });
}

describe('an export', () => {
  test('says how much follows, and each event for machines and for people', async () => {
    const hosted = lived();
    const { length, head, root } = hosted.status();
    const lines = await exported(hosted);
    expect(lines).toHaveLength(1 + length);
    expect(lines[0]).toBe(
      `{"quorate":"ledger","format":1,"length":11,"head":"${hex(head)}","root":"${hex(root)}"}`,
    );
    const post = JSON.parse(lines[9] ?? '') as unknown;
    const side = (account: string, debits: string, credits: string, pending: string): unknown => ({
      account,
      balances: {
        debitsPosted: debits,
        creditsPosted: credits,
        debitsPending: account === 'alice' ? pending : '0',
        creditsPending: account === 'bob' ? pending : '0',
      },
    });
    expect(post).toEqual({
      sequence: 8,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      record: expect.stringMatching(/^[0-9a-f]+$/) as unknown,
      event: {
        type: 'moved',
        sequence: 8,
        index: 5,
        position: 0,
        time: 5000,
        operation: { type: 'post', id: 't2', pending: 'p2', amount: '3', code: 0, userData: 'ab' },
        debit: side('alice', '3', '500', '20'),
        credit: side('bob', '0', '3', '20'),
      },
    });
    expect(lines.at(-1)).toContain(`"amount":"${String(2n ** 100n)}"`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(maxLineLength);
  });

  test('is sound, whatever happened in the ledger, and so is that of an empty one', async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, async (steps) => {
        const hosted = new Hosted();
        for (const step of steps) take(hosted, step);
        const { length, head, root } = hosted.status();
        const lines = await exported(hosted);
        const published = { length, head, root };
        expect(await verifyExport(lines)).toEqual({ type: 'sound', length, head, root });
        expect(await firstUnfit(lines, { published, replay: false })).toBe('sound');
      }),
      { numRuns: 20 },
    );
    expect(await firstUnfit(await exported(new Hosted()))).toBe('sound');
  });

  test('is of the moment at which it starts, although the ledger goes on; and may be of many pages', async () => {
    const hosted = opened();
    for (let at = 0; at < 2100; at++) hosted.done(fund(`t${String(at)}`, 'alice', 1n));
    const before = hosted.status();
    let asked = 0;
    const ask = (query: LedgerQuery): ReturnType<Hosted['query']> => {
      asked += 1;
      hosted.done(fund(`later${String(asked)}`, 'alice', 1n));
      return hosted.machine.query(query);
    };
    const lines: string[] = [];
    const answer = hosted.query(ledger.status());
    for await (const line of exportLedger((query) =>
      query.type === 'status' ? answer : ask(query),
    )) {
      lines.push(line);
    }
    expect(asked).toBe(3);
    const { length, head, root } = before;
    expect(await verifyExport(stream(lines))).toEqual({ type: 'sound', length, head, root });
  });

  test('from a replica that is behind the one that was asked first ends with an error', async () => {
    const ahead = lived();
    const behind = opened();
    const asked = collect(
      exportLedger((query) => (query.type === 'status' ? ahead : behind).query(query)),
    );
    await expect(asked).rejects.toThrow('ask one replica');
  });
});

describe('an export that was tampered with', () => {
  test('in any one character: the first record that does not fit is named', async () => {
    const hosted = new Hosted();
    hosted.done(ledger.open({ id: 'a', currency: 'EUR' }));
    hosted.done(ledger.open({ id: 'b', currency: 'EUR' }));
    hosted.done(ledger.pending({ id: 'p', debit: 'a', credit: 'b', amount: 7n }));
    hosted.done(ledger.post({ id: 't', pending: 'p', amount: 6n, userData: Uint8Array.of(1) }));
    const lines = await exported(hosted);
    for (const [at, line] of lines.entries()) {
      for (let column = 0; column < line.length; column++) {
        const old = line[column] ?? '';
        const other = /[0-9]/.test(old) ? String((Number(old) + 1) % 10) : old === 'a' ? 'b' : 'a';
        const changed = line.slice(0, column) + other + line.slice(column + 1);
        const found = await verifyExport(lines.with(at, changed), { replay: false });
        expect(found.type).toBe('unsound');
        if (at > 0) expect(found).toMatchObject({ sequence: at - 1 });
      }
    }
  });

  test('by text that means the same', async () => {
    const lines = await exported(lived());
    for (const change of [
      (line: string) => `${line} `,
      (line: string) => line.replace(':', ': '),
      (line: string) => line.replace('"event"', '"\\u0065vent"'),
      (line: string) => line.toUpperCase(),
      () => '',
      () => 'null',
      () => '[]',
      () => 'x'.repeat(maxLineLength + 1),
    ]) {
      for (const at of [1, 6, 11]) {
        expect(await firstUnfit(lines.with(at, change(lines[at] ?? '')))).toBe(at - 1);
      }
      expect(await firstUnfit(lines.with(0, change(lines[0] ?? '').slice(0, 9)))).toContain(
        'first line',
      );
    }
  });

  test('by leaving out, doubling, moving or adding a record', async () => {
    const lines = await exported(lived());
    const { length } = lines;
    for (let at = 1; at < length; at++) {
      const line = lines[at] ?? '';
      expect(await firstUnfit(lines.toSpliced(at, 1))).toBe(at - 1);
      expect(await firstUnfit(lines.toSpliced(at, 0, line))).toBe(at);
      expect(await firstUnfit(lines.toSpliced(at, 0, lines.at(-1) ?? ''))).toBe(
        at === length - 1 ? at : at - 1,
      );
      expect(await firstUnfit(lines.slice(0, at))).toBe(at - 1);
      for (let other = at + 1; other < length; other++) {
        const swapped = lines.with(at, lines[other] ?? '').with(other, line);
        expect(await firstUnfit(swapped)).toBe(at - 1);
      }
    }
    expect(await firstUnfit(lines.slice(1))).toContain('first line');
    expect(await firstUnfit([])).toContain('no first line');
  });

  test('and hashed again from there on: what was published before tells, and so do the rules', async () => {
    const hosted = lived();
    const lines = await exported(hosted);
    const records = recordsIn(lines);
    expect(forged(records)).toEqual(lines);
    const { length, head, root } = hosted.status();
    const older = {
      length: 6,
      head: fromHex(/"hash":"([0-9a-f]+)"/.exec(lines[6] ?? '')?.[1] ?? '') ?? emptyHead,
    };

    // More money, in the record of the transfer and in the balances after it.
    const paid = decodeRecord(records[5] ?? emptyHead);
    expect(paid).toMatchObject({ type: 'moved', operation: { type: 'transfer', amount: 500n } });
    const code = { encode: writeRecord, decode: readRecord };
    const renamed = encode(
      code,
      paid.type === 'moved' && paid.operation.type === 'transfer'
        ? { ...paid, operation: { ...paid.operation, code: 9 } }
        : paid,
    );
    const inflated = encode(
      code,
      paid.type === 'moved' && paid.operation.type === 'transfer'
        ? { ...paid, operation: { ...paid.operation, amount: 501n } }
        : paid,
    );
    const relabelled = forged(records.with(5, renamed));
    // Nothing speaks against another code, but that it was published otherwise.
    expect(await firstUnfit(relabelled)).toBe('sound');
    const isNotPublished = 'records are not those whose head or root was published';
    for (const published of [{ length, head }, { length, root }, { length, head, root }, older]) {
      expect(await firstUnfit(relabelled, { published })).toContain(isNotPublished);
      expect(await firstUnfit(lines, { published })).toBe('sound');
    }
    // Balances do not follow.
    const richer = forged(records.with(5, inflated));
    expect(await firstUnfit(richer, { replay: false })).toBe('sound');
    expect(await firstUnfit(richer)).toBe(5);
    // Whole records that the rules forbid.
    expect(await firstUnfit(forged(records.toSpliced(2, 1)))).toBe(2);
    expect(await firstUnfit(forged(records.toSpliced(6, 0, records[5] ?? emptyHead)))).toBe(6);
    // The end is cut off, and the first line says so.
    const shorter = forged(records.slice(0, -2));
    expect(await firstUnfit(shorter)).toBe('sound');
    expect(await firstUnfit(shorter, { published: { length, head } })).toBe(9);
    expect(await firstUnfit(forged([]), { published: { length: 0, root } })).toContain(
      isNotPublished,
    );
  });

  test('is not compared with what can be published of no ledger', async () => {
    const lines = await exported(lived());
    const hash = new Uint8Array(32);
    for (const published of [
      { length: Number.NaN, head: hash },
      { length: 0.5, head: hash },
      { length: -1, head: hash },
      { length: 2, head: hash.subarray(1) },
      { length: 2, root: new Uint8Array(0) },
    ]) {
      await expect(verifyExport(lines, { published })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });

  test('in its first line', async () => {
    const hosted = lived();
    const lines = await exported(hosted);
    const { length, head, root } = hosted.status();
    const header = { length, head: hex(head), root: hex(root) };
    for (const wrong of [
      { ...header, head: hex(root) },
      { ...header, root: hex(head) },
    ]) {
      expect(await firstUnfit(lines.with(0, headerLine(wrong)))).toContain('another head or root');
    }
    expect(await firstUnfit(lines.with(0, headerLine({ ...header, length: 12 })))).toBe(11);
    expect(await firstUnfit(lines.with(0, headerLine({ ...header, length: 10 })))).toBe(10);
    for (const wrong of [
      { ...header, length: -1 },
      { ...header, length: 0.5 },
      { ...header, head: 'ab' },
      { ...header, root: 'xy' },
    ]) {
      expect(await firstUnfit(lines.with(0, headerLine(wrong)))).toContain('first line is not');
    }
  });
});
