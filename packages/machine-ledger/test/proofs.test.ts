/** The Merkle tree and its proofs: against known values, and against definitions written out in full. */
import { createHash } from 'node:crypto';
import { utf8 } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeRecord,
  expectType,
  ledger,
  type LedgerInclusion,
  type LedgerRoot,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import { fromHex, hex, leafHash } from '../src/hashing.ts';
import { MerkleTree } from '../src/merkle.ts';
import { fund, Hosted, opened, someSteps, take } from './harness.ts';

// The leaves and roots of the tests of Certificate Transparency, the system that RFC 6962 describes.
const knownLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const knownRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

/** MTH of RFC 6962, section 2.1, as it is written there. */
function definedRoot(records: readonly Uint8Array[]): Uint8Array {
  const [first] = records;
  if (first === undefined) return sha256();
  if (records.length === 1) return sha256(Uint8Array.of(0), first);
  let split = 1;
  while (split * 2 < records.length) split *= 2;
  const halves = [records.slice(0, split), records.slice(split)].map(definedRoot);
  return sha256(Uint8Array.of(1), ...halves);
}

function treeOf(records: readonly Uint8Array[]): MerkleTree {
  const leaves: Uint8Array[] = [];
  const tree = new MerkleTree((sequence) => leaves[sequence] ?? new Uint8Array(0));
  for (const record of records) {
    const leaf = leafHash(record);
    leaves.push(leaf);
    tree.append(leaf);
  }
  return tree;
}

const records = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => utf8(`record ${String(at)}`));

function flipped(bytes: Uint8Array, at: number = 0): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('the tree', () => {
  test.each([...knownRoots.entries()])(
    'over the first %i known leaves has the known root',
    (length, root) => {
      const known = knownLeaves.slice(0, length).map((leaf) => fromHex(leaf) ?? new Uint8Array(0));
      expect(hex(treeOf(known).root())).toBe(root);
      expect(hex(definedRoot(known))).toBe(root);
    },
  );

  test('has the root of the definition at every length', () => {
    const all = records(140);
    for (let length = 0; length <= all.length; length++) {
      const some = all.slice(0, length);
      expect(hex(treeOf(some).root())).toBe(hex(definedRoot(some)));
    }
  });
});

describe('an inclusion proof', () => {
  const all = records(75);
  const tree = treeOf(all);

  test('holds for every record at every length, from a tree that has grown on', () => {
    for (let length = 1; length <= all.length; length++) {
      const root = definedRoot(all.slice(0, length));
      for (const [sequence, record] of all.slice(0, length).entries()) {
        const path = tree.inclusionPath(sequence, length);
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(length)));
        expect(verifyInclusion({ sequence, length, record, path }, { length, root })).toBe(true);
      }
    }
  });

  test('holds for nothing else', () => {
    for (const length of [1, 2, 3, 7, 8, 33, 75]) {
      const root = tree.length === length ? tree.root() : definedRoot(all.slice(0, length));
      for (let sequence = 0; sequence < length; sequence++) {
        const record = all[sequence] ?? new Uint8Array(0);
        const path = tree.inclusionPath(sequence, length);
        const proof = { sequence, length, record, path };
        const wrong: LedgerInclusion[] = [
          { ...proof, record: flipped(record) },
          { ...proof, sequence: sequence + 1 },
          { ...proof, sequence: length },
          { ...proof, sequence: -1 },
          { ...proof, sequence: 0.5 },
          { ...proof, length: 0 },
          { ...proof, length: 2 * length + 1 },
          { ...proof, path: [...path, new Uint8Array(32)] },
          ...path.flatMap((hash, at) =>
            [0, 31, 33, 99].map((bytes) => {
              const other = new Uint8Array(bytes);
              other.set(hash.subarray(0, bytes));
              return { ...proof, path: path.with(at, other) };
            }),
          ),
          ...(sequence > 0 ? [{ ...proof, sequence: sequence - 1 }] : []),
          ...(path.length > 0
            ? [
                { ...proof, path: path.slice(1) },
                { ...proof, path: path.slice(0, -1) },
              ]
            : []),
          ...path.map((_, at) => ({ ...proof, path: path.with(at, flipped(path[at] ?? record)) })),
        ];
        for (const each of wrong) {
          expect(verifyInclusion(each, { length: each.length, root })).toBe(false);
        }
        expect(verifyInclusion(proof, { length, root: flipped(root) })).toBe(false);
        expect(verifyInclusion(proof, { length: length + 1, root })).toBe(false);
      }
    }
  });

  test('does not hold for another number, however many events it says there were', () => {
    for (const length of [2, 3, 5, 6, 7, 8, 13]) {
      const root = definedRoot(all.slice(0, length));
      const published = { length, root };
      for (const [sequence, record] of all.slice(0, length).entries()) {
        const path = tree.inclusionPath(sequence, length);
        for (let claimed = 1; claimed <= 2 * length; claimed++) {
          for (let other = 0; other < claimed; other++) {
            if (other === sequence && claimed === length) continue;
            const proof = { sequence: other, length: claimed, record, path };
            expect(verifyInclusion(proof, published)).toBe(false);
          }
        }
      }
    }
  });

  test('does not take a node for a record', () => {
    // Without prefixes the two leaves, joined, would be a record of a tree with one leaf.
    const pair = [leafHash(utf8('a')), leafHash(utf8('b'))];
    const root = definedRoot([utf8('a'), utf8('b')]);
    const record = Uint8Array.of(...(pair[0] ?? []), ...(pair[1] ?? []));
    expect(verifyInclusion({ sequence: 0, length: 1, record, path: [] }, { length: 1, root })).toBe(
      false,
    );
  });
});

describe('a consistency proof', () => {
  const all = records(40);
  const tree = treeOf(all);
  const roots = Array.from({ length: all.length + 1 }, (_, length) =>
    definedRoot(all.slice(0, length)),
  );
  const rootOf = (length: number): Uint8Array => roots[length] ?? new Uint8Array(0);
  const published = (length: number): LedgerRoot => ({ length, root: rootOf(length) });

  test('holds between any two lengths', () => {
    for (let to = 0; to <= all.length; to++) {
      for (let from = 0; from <= to; from++) {
        const proof = { from, to, path: tree.consistencyPath(from, to) };
        expect(verifyConsistency(proof, published(from), published(to))).toBe(true);
      }
    }
  });

  test('holds for nothing else', () => {
    for (let to = 1; to <= all.length; to++) {
      for (let from = 0; from <= to; from++) {
        const path = tree.consistencyPath(from, to);
        const proof = { from, to, path };
        const fromRoot = rootOf(from);
        const toRoot = rootOf(to);
        const proves = (other: Partial<typeof proof>, left = fromRoot, right = toRoot): boolean =>
          verifyConsistency(
            { ...proof, ...other },
            { length: other.from ?? from, root: left },
            { length: to, root: right },
          );
        expect(proves({}, flipped(fromRoot))).toBe(false);
        if (from > 0) expect(proves({}, fromRoot, flipped(toRoot))).toBe(false);
        expect(proves({ path: [...path, new Uint8Array(32)] })).toBe(false);
        expect(proves({ from: to + 1 })).toBe(false);
        expect(proves({ from: -1 })).toBe(false);
        for (const at of path.keys()) {
          expect(proves({ path: path.with(at, flipped(path[at] ?? fromRoot)) })).toBe(false);
          expect(proves({ path: path.toSpliced(at, 1) })).toBe(false);
          expect(proves({ path: path.with(at, new Uint8Array(99)) })).toBe(false);
        }
      }
    }
  });

  test('does not hold for other lengths than those that were published', () => {
    const proof = { from: 3, to: 7, path: tree.consistencyPath(3, 7) };
    expect(verifyConsistency(proof, published(3), published(7))).toBe(true);
    expect(verifyConsistency(proof, { length: 2, root: rootOf(3) }, published(7))).toBe(false);
    expect(verifyConsistency(proof, published(3), { length: 8, root: rootOf(7) })).toBe(false);
  });

  test('is refused to a history that was rewritten', () => {
    const rewritten = all.with(3, utf8('something else'));
    const other = treeOf(rewritten);
    const path = other.consistencyPath(10, 40);
    const now = { length: 40, root: other.root() };
    expect(verifyConsistency({ from: 10, to: 40, path }, published(10), now)).toBe(false);
  });
});

describe('a ledger', () => {
  test('proves each of its events against each head that it had', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        const hosted = new Hosted();
        const heads = steps.map((step) => {
          take(hosted, step);
          return hosted.status();
        });
        const last = hosted.status();
        for (const then of heads) {
          const { length } = then;
          for (let sequence = 0; sequence < length; sequence++) {
            const proof = expectType(hosted.query(ledger.inclusion(sequence, length)), 'inclusion');
            expect(verifyInclusion(proof, then)).toBe(true);
          }
          const proof = expectType(hosted.query(ledger.consistency(length)), 'consistency');
          expect(verifyConsistency(proof, then, last)).toBe(true);
        }
      }),
      { numRuns: 6 },
    );
  });

  test('proves a transfer by its id, and the record says what it was', () => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 500n));
    const published = hosted.status();
    hosted.done(fund('t2', 'bob', 7n));
    const proof = expectType(hosted.query(ledger.inclusion('t1', published.length)), 'inclusion');
    expect(verifyInclusion(proof, published)).toBe(true);
    expect(decodeRecord(proof.record).operation).toEqual(fund('t1', 'alice', 500n));
    const now = expectType(hosted.query(ledger.inclusion('t1')), 'inclusion');
    expect(verifyInclusion(now, hosted.status())).toBe(true);
    expect(verifyInclusion(now, published)).toBe(false);
  });

  test('says what it has not', () => {
    const hosted = opened();
    const missing = { type: 'missing', what: 'event' };
    expect(hosted.query(ledger.inclusion('t1'))).toEqual({ type: 'missing', what: 'transfer' });
    expect(hosted.query(ledger.inclusion(5))).toEqual(missing);
    expect(hosted.query(ledger.inclusion(0, 6))).toEqual(missing);
    expect(hosted.query(ledger.inclusion(3, 3))).toEqual(missing);
    expect(hosted.query(ledger.consistency(6))).toEqual(missing);
    expect(hosted.query(ledger.consistency(1, 6))).toEqual(missing);
    expect(hosted.query(ledger.consistency(4, 3))).toEqual(missing);
    expect(hosted.query(ledger.records(6))).toEqual(missing);
    expect(new Hosted().query(ledger.inclusion(0))).toEqual(missing);
  });
});
