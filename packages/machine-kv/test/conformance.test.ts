/** The map passes the suite that every machine must pass. */
import { machineSuite } from '@quorate/conformance/machine';
import { ByteWriter, type Random } from '@quorate/core';
import { describe, it } from 'vitest';
import {
  type KvCommand,
  type KvCompare,
  type KvKeys,
  type KvOperation,
  type KvQuery,
  type KvSpan,
  kv,
  kvMachine,
} from '../src/index.ts';
import { tag } from '../src/wire.ts';

/** Few keys, so that they meet often; some in the region where the order of UTF-16 differs. */
const keys = ['a', 'a/1', 'a/2', 'ab', 'b', 'é', '\uD7FF', '\uE000', '😀', '😀b'];
const operators = ['=', '!=', '<', '>'] as const;
const numbers = ['version', 'createRevision', 'modRevision'] as const;

machineSuite({
  framework: { describe, it },
  name: 'machine-kv',
  create: kvMachine,
  command: someCommand,
  query: someQuery,
  badCommand: (random) =>
    random.pick([
      // An empty key, half a surrogate pair, half a transaction, a compaction of the future, an unknown type.
      new ByteWriter().u8(tag.put).boolean(false).string('').bytes(value(random)).take(),
      new ByteWriter()
        .u8(1)
        .boolean(false)
        .bytes(Uint8Array.of(0xed, 0xa0, 0x80))
        .take(),
      new ByteWriter().u8(tag.txn).string('').take(),
      new ByteWriter()
        .u8(4)
        .u48(2 ** 40 + random.below(1000))
        .take(),
      new ByteWriter().u8(200 + random.below(50)).take(),
    ]),
  grow: (nth) => kv.put(`grown/${String(nth)}`, new Uint8Array(2000).fill(nth)),
});

function someCommand(random: Random): KvCommand {
  const kind = random.below(20);
  if (kind >= 16) return lease(random);
  if (kind < 8) return put(random);
  if (kind < 11) return remove(random);
  if (kind === 14) return kv.compact(random.below(80));
  if (kind === 15) {
    return kv.retain({ revisions: random.below(12), bytes: random.pick([0, 600, 2000, 10 ** 6]) });
  }
  return kv.txn({
    compare: several(random, 2, compare),
    // A key that a transaction puts twice, or puts and deletes, is refused before it is encoded.
    then: distinct(several(random, 4, operation)),
    else: distinct(several(random, 4, operation)),
  });
}

function someQuery(random: Random): KvQuery {
  const kind = random.below(10);
  if (kind === 8) return kv.lease.info(1 + random.below(4), { limit: 1 + random.below(4) });
  if (kind === 9) return kv.lease.list({ from: random.below(5), limit: 1 + random.below(4) });
  if (kind === 0) return kv.info();
  if (kind < 4) return kv.get(random.pick(keys), { revision: random.pick([0, random.below(80)]) });
  return kv.range({
    ...span(random),
    limit: random.below(6),
    reverse: random.chance(0.5),
    keysOnly: random.chance(0.5),
    count: random.chance(0.5),
    revision: random.pick([0, random.below(80)]),
  });
}

function operation(random: Random): KvOperation {
  const kind = random.below(6);
  if (kind < 3) return put(random);
  if (kind === 3) return kv.get(random.pick(keys));
  return kind === 4 ? kv.range(span(random)) : kv.delete(random.pick(keys));
}

function compare(random: Random): KvCompare {
  const conditions = kv.when(random.pick(keys));
  const kind = random.below(4);
  if (kind === 0) return conditions.exists();
  if (kind === 1) return conditions.missing();
  const operator = random.pick(operators);
  return kind === 2
    ? conditions.value(operator, value(random))
    : conditions[random.pick(numbers)](operator, random.below(12));
}

function put(random: Random): KvCommand & { readonly type: 'put' } {
  return kv.put(random.pick(keys), value(random), {
    previous: random.chance(0.5),
    // Some that are there, some that are not.
    lease: random.chance(0.7) ? 0 : random.below(5),
  });
}

function lease(random: Random): KvCommand {
  const id = 1 + random.below(4);
  const kind = random.below(8);
  if (kind < 5) {
    const ttlMs = 100 + random.below(2_000);
    return random.chance(0.5) ? kv.lease.grant(ttlMs) : kv.lease.grant(ttlMs, { id });
  }
  return kind < 7 ? kv.lease.keepAlive(id) : kv.lease.revoke(id);
}

function remove(random: Random): KvCommand & { readonly type: 'delete' } {
  const selection: KvKeys = random.chance(0.5) ? random.pick(keys) : span(random);
  return kv.delete(selection, { previous: random.chance(0.5) });
}

function span(random: Random): KvSpan {
  const bound = (): string => random.pick(['', ...keys]);
  return random.chance(0.5) ? { prefix: bound() } : { from: bound(), to: bound() };
}

function value(random: Random): Uint8Array {
  return new Uint8Array(random.below(6)).fill(random.below(256));
}

function several<T>(random: Random, most: number, draw: (random: Random) => T): readonly T[] {
  return Array.from({ length: random.below(most + 1) }, () => draw(random));
}

function distinct(operations: readonly KvOperation[]): readonly KvOperation[] {
  const seen = new Set<string>();
  return operations.filter((each) => {
    if (each.type !== 'put' && each.type !== 'delete') return true;
    const key = each.type === 'put' ? each.key : JSON.stringify(each.selection);
    const name = each.type === 'delete' && each.selection.type === 'key' ? each.selection.key : key;
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew;
  });
}
