/**
 * The contents of snapshots in their object store, in chunks of one size but for the last.
 *
 * Every chunk is written with strict durability, not only the last one: browsers keep large values in
 * files beside the database, and sync those of a transaction only when that transaction is strict.
 */
import type { IdbObjectStore } from '../browser.ts';
import {
  chunkPlace,
  damaged,
  encodeStaged,
  namedPlace,
  seal,
  type Staged,
  unseal,
} from '../format.ts';
import type { Session } from '../session.ts';
import { type Access, answer } from '../transaction.ts';

/** Reads and writes chunks. */
export class Chunks {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Makes chunks durable.
   *
   * @param from number of the first one in its snapshot.
   * @param last whether nothing is staged under a name any more.
   */
  async write(
    snapshot: number,
    from: number,
    contents: readonly Uint8Array[],
    last?: 'unstage',
  ): Promise<void> {
    await this.#run('write', async (store) => {
      for (const [at, content] of contents.entries()) {
        store.put(seal(chunkPlace(snapshot, from + at), content), [snapshot, from + at]);
      }
      if (last === 'unstage') store.delete('staged');
    });
  }

  /**
   * The content of a chunk; `undefined` where there is none.
   *
   * @throws CorruptError if it fails its check.
   */
  async read(snapshot: number, at: number): Promise<Uint8Array | undefined> {
    const value = await this.#run('read', (store) => answer(store.get([snapshot, at])));
    return value === undefined ? undefined : unseal(chunkPlace(snapshot, at), value);
  }

  /**
   * The content of a chunk that must be there.
   *
   * @throws CorruptError if it is not, or not of this length.
   */
  async need(snapshot: number, at: number, length: number): Promise<Uint8Array> {
    const content = await this.read(snapshot, at);
    if (content?.length === length) return content;
    const place = chunkPlace(snapshot, at);
    throw damaged(
      place,
      content === undefined ? 'is gone' : 'has another length than it must have',
    );
  }

  /** Remembers what is staged under a name, in the place of what was before. */
  async stage(staged: Staged, before: Staged | undefined): Promise<void> {
    await this.#run('write', async (store) => {
      store.put(seal(namedPlace('chunks', 'staged'), encodeStaged(staged)), 'staged');
      if (before !== undefined) store.delete(this.#range(before.number));
    });
  }

  /** Removes the chunks of a snapshot; for good if nothing is staged under a name with it. */
  async remove(snapshot: number, last?: 'unstage'): Promise<void> {
    await this.#run(last === undefined ? 'tidy' : 'write', async (store) => {
      if (last === 'unstage') store.delete('staged');
      store.delete(this.#range(snapshot));
    });
  }

  /** Removes the chunks of a snapshot from one on, for good: others are written in their place. */
  async cut(snapshot: number, from: number): Promise<void> {
    await this.#run('write', async (store) => {
      store.delete(this.#range(snapshot, from));
    });
  }

  #range(snapshot: number, from: number = 0): ReturnType<Session['keyRanges']['bound']> {
    return chunkRange(this.#session.keyRanges, snapshot, from);
  }

  #run<Result>(access: Access, work: (store: IdbObjectStore) => Promise<Result>): Promise<Result> {
    return this.#session.run(['chunks'], access, (stores) => work(stores('chunks')));
  }
}

/** The keys of the chunks of a snapshot. */
export function chunkRange(
  keyRanges: Session['keyRanges'],
  snapshot: number,
  from: number = 0,
): ReturnType<Session['keyRanges']['bound']> {
  return keyRanges.bound([snapshot, from], [snapshot + 1], false, true);
}
