/**
 * Containers that grow without a pause. A plain array of millions of items is copied whole whenever
 * it outgrows its memory, and a `Map` is hashed anew: tens to hundreds of milliseconds on the event
 * loop. These grow piece by piece. (A `Map` also ends at 2^24 entries; this index does not.)
 */

const chunkBits = 10;
const chunkLength = 2 ** chunkBits;
const shards = 1024;

/** A list that only its end changes. */
export class ChunkedList<T> {
  readonly #chunks: T[][] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(position: number): T | undefined {
    return this.#chunks[position >> chunkBits]?.[position & (chunkLength - 1)];
  }

  push(item: T): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || last.length === chunkLength) this.#chunks.push([item]);
    else last.push(item);
    this.#length += 1;
  }

  pop(): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) return;
    last.pop();
    if (last.length === 0) this.#chunks.pop();
    this.#length -= 1;
  }
}

/** Items by their ids. */
export class IdIndex<T> {
  readonly #shards: (Map<string, T> | undefined)[] = Array.from({ length: shards });
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): T | undefined {
    return this.#shards[shardOf(id)]?.get(id);
  }

  /** Adds an item under an id that is new. */
  add(id: string, item: T): void {
    const at = shardOf(id);
    const shard = this.#shards[at] ?? new Map<string, T>();
    this.#shards[at] = shard;
    shard.set(id, item);
    this.#size += 1;
  }

  remove(id: string): void {
    if (this.#shards[shardOf(id)]?.delete(id) === true) this.#size -= 1;
  }
}

/** FNV-1a (Fowler, Noll, Vo). Whoever picks ids that all meet in one shard gets a plain `Map`, no worse. */
function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) & (shards - 1);
}
