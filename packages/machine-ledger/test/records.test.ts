/** Records byte by byte, and the chain over them: as the README describes them, done by hand. */
import { createHash } from 'node:crypto';
import { encode, MalformedError, utf8 } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecord, expectType, ledger, maxAmount } from '../src/index.ts';
import { hex } from '../src/hashing.ts';
import { maxRecordBytes, readRecord, writeRecord } from '../src/record.ts';
import { fund, Hosted, opened, someSteps, take } from './harness.ts';

const codec = { encode: writeRecord, decode: readRecord };

function recordsOf(hosted: Hosted): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  while (true) {
    const page = expectType(hosted.query(ledger.records(records.length, 7)), 'records');
    records.push(...page.records);
    if (records.length === page.length) return records;
  }
}

const u48 = (value: number): number[] => [
  0,
  0,
  value >>> 24,
  (value >> 16) & 255,
  (value >> 8) & 255,
  value & 255,
];
const place = (sequence: number, index: number, time: number): number[] => [
  ...u48(sequence),
  ...u48(index),
  ...[0, 0, 0, 0],
  ...u48(time),
];
const text = (content: string): number[] => [content.length, ...utf8(content)];
const nothing = [0, 0, 0, 0];

describe('a record', () => {
  test('has the bytes that the README says', () => {
    const hosted = new Hosted();
    const userData = Uint8Array.of(9, 8);
    hosted.done(ledger.open({ id: 'a', currency: 'EUR', code: 0x0102, userData }));
    hosted.done(ledger.open({ id: 'bb', currency: 'EUR', limit: 'debits-within-credits' }));
    hosted.done(ledger.open({ id: 'c', currency: 'EUR', limit: 'credits-within-debits' }));
    hosted.done(
      ledger.transfer({ id: 't1', debit: 'a', credit: 'bb', amount: 0x010203n, code: 5 }),
    );
    hosted.done(
      ledger.pending({ id: 't2', debit: 'a', credit: 'bb', amount: 300n, timeoutMs: 500 }),
      0,
    );
    hosted.done(ledger.pending({ id: 't3', debit: 'a', credit: 'bb', amount: 4n }), 0);
    hosted.done(ledger.post({ id: 't4', pending: 't3' }), 0);
    hosted.done(ledger.pending({ id: 't5', debit: 'a', credit: 'bb', amount: 4n }), 0);
    hosted.done(ledger.void({ id: 't6', pending: 't5', userData }), 0);
    hosted.expire(500);
    const notes = [0, 0, 0];
    expect(recordsOf(hosted).map((record) => [...record])).toEqual([
      [...place(0, 1, 1000), 1, ...text('a'), 1, 2, 2, 9, 8, ...text('EUR'), 0],
      [...place(1, 2, 2000), 1, ...text('bb'), ...notes, ...text('EUR'), 1],
      [...place(2, 3, 3000), 1, ...text('c'), ...notes, ...text('EUR'), 2],
      [
        ...[...place(3, 4, 4000), 2, ...text('t1'), 0, 5, 0],
        ...[...text('a'), ...text('bb'), 3, 1, 2, 3],
        ...[3, 1, 2, 3, 0, 0, 0],
        ...[0, 3, 1, 2, 3, 0, 0],
      ],
      [
        ...[...place(4, 5, 4000), 3, ...text('t2'), ...notes],
        ...[...text('a'), ...text('bb'), 2, 1, 44, ...u48(500)],
        ...[3, 1, 2, 3, 0, 2, 1, 44, 0],
        ...[0, 3, 1, 2, 3, 0, 2, 1, 44],
      ],
      [
        ...[...place(5, 6, 4000), 3, ...text('t3'), ...notes],
        ...[...text('a'), ...text('bb'), 1, 4, ...u48(0)],
        ...[3, 1, 2, 3, 0, 2, 1, 48, 0],
        ...[0, 3, 1, 2, 3, 0, 2, 1, 48],
      ],
      [
        ...[...place(6, 7, 4000), 4, ...text('t4'), ...notes, ...text('t3'), 1, 4],
        ...[...text('a'), ...text('bb')],
        ...[3, 1, 2, 7, 0, 2, 1, 44, 0],
        ...[0, 3, 1, 2, 7, 0, 2, 1, 44],
      ],
      [
        ...[...place(7, 8, 4000), 3, ...text('t5'), ...notes],
        ...[...text('a'), ...text('bb'), 1, 4, ...u48(0)],
        ...[3, 1, 2, 7, 0, 2, 1, 48, 0],
        ...[0, 3, 1, 2, 7, 0, 2, 1, 48],
      ],
      [
        ...[...place(8, 9, 4000), 5, ...text('t6'), 0, 0, 2, 9, 8, ...text('t5')],
        ...[...text('a'), ...text('bb')],
        ...[3, 1, 2, 7, 0, 2, 1, 44, 0],
        ...[0, 3, 1, 2, 7, 0, 2, 1, 44],
      ],
      [
        ...[...place(9, 10, 4500), 6, ...text('t2'), ...text('a'), ...text('bb')],
        ...[3, 1, 2, 7, ...nothing.slice(1)],
        ...[0, 3, 1, 2, 7, 0, 0],
      ],
    ]);
  });

  test('read and written again is the same, and so is everything about it', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        const hosted = new Hosted();
        for (const step of steps) take(hosted, step);
        for (const [sequence, record] of recordsOf(hosted).entries()) {
          const event = decodeRecord(record);
          expect(event.sequence).toBe(sequence);
          expect(encode(codec, event)).toEqual(record);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('is refused if it is cut short, followed by something or too long', () => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 1n));
    for (const record of recordsOf(hosted)) {
      for (let length = 0; length < record.length; length++) {
        expect(() => decodeRecord(record.subarray(0, length))).toThrow(MalformedError);
      }
      expect(() => decodeRecord(Uint8Array.of(...record, 0))).toThrow(MalformedError);
    }
    expect(() => decodeRecord(new Uint8Array(maxRecordBytes + 1))).toThrow('too long');
  });

  test('of the largest transfer is within the bound', () => {
    const id = (first: string): string => first.padEnd(64, 'x');
    const hosted = new Hosted();
    const userData = new Uint8Array(128).fill(255);
    const notes = { code: 65535, userData };
    const debit = id('a');
    const credit = id('b');
    hosted.done(ledger.open({ id: debit, currency: 'X'.repeat(16), ...notes }));
    hosted.done(ledger.open({ id: credit, currency: 'X'.repeat(16), ...notes }));
    const half = maxAmount / 2n;
    hosted.done(ledger.transfer({ id: id('t'), debit, credit, amount: half - 1n }));
    hosted.done(
      ledger.transfer({ id: id('u'), debit: credit, credit: debit, amount: 1n, ...notes }),
    );
    hosted.done(
      ledger.pending({ id: id('p'), debit, credit, amount: half, timeoutMs: 2 ** 40, ...notes }),
    );
    hosted.done(ledger.post({ id: id('q'), pending: id('p'), ...notes }));
    const lengths = recordsOf(hosted).map((record) => record.length);
    expect(Math.max(...lengths)).toBeGreaterThan(maxRecordBytes / 2);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxRecordBytes);
  });
});

describe('the chain', () => {
  const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return Uint8Array.from(hash.digest());
  };
  const chained = (records: readonly Uint8Array[]): Uint8Array =>
    records.reduce<Uint8Array>(
      (head, record) => sha256(Uint8Array.of(2), head, sha256(Uint8Array.of(0), record)),
      new Uint8Array(32),
    );

  test('is over all records, in order, and is the digest of the state', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        const hosted = new Hosted();
        for (const step of steps) take(hosted, step);
        const { head } = hosted.status();
        expect(hex(head)).toBe(hex(chained(recordsOf(hosted))));
        expect(hosted.machine.stateHash()).toBe(hex(head));
      }),
      { numRuns: 30 },
    );
  });

  test('is known at the start of every page', () => {
    const hosted = opened();
    for (let at = 0; at < 60; at++) hosted.done(fund(`t${String(at)}`, 'alice', 1n));
    const records = recordsOf(hosted);
    for (let from = 0; from <= records.length; from++) {
      const page = expectType(hosted.query(ledger.records(from, 3)), 'records');
      expect(hex(page.before)).toBe(hex(chained(records.slice(0, from))));
      expect(page.records).toEqual(records.slice(from, from + 3));
      expect(page.length).toBe(records.length);
    }
  });

  test('of a ledger without events is 32 zeros', () => {
    expect(new Hosted().machine.stateHash()).toBe('0'.repeat(64));
  });
});
