/** What load consists of: the same keys and values for everybody, those that etcd's own load has. */
import { type Random, seededRandom } from '@quorate/core';

/** Names a key. */
export function keyOf(number: number): string {
  return `k${String(number).padStart(15, '0')}`;
}

/** The value that all keys get: its contents do not matter, and nothing compresses. */
export function valueOf(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(0x78);
}

/** Draws keys, each client from a generator of its own, so that two runs do the same work. */
export function keysOf(client: number, keys: number): () => string {
  const random: Random = seededRandom(client);
  return () => keyOf(random.below(keys));
}
