/**
 * A database while it is ours, and the fence that notices when it is not.
 *
 * Every open counts up a generation, and every transaction looks whether it still is its own before it
 * does anything. Transactions are serial across tabs and workers, so two storages on one database
 * never take turns, whatever became of the lock: the older one finds the fence raised, has not written
 * anything by then, and stops. Unlike a lease this needs no clock.
 */
import { StorageFailedError } from '@quorate/core';
import type { IdbDatabase, IdbKeyRanges } from './browser.ts';
import { damaged, decodeGeneration, namedPlace, type StoreName, unseal } from './format.ts';
import { type Access, answer, type Stores, transact, translate } from './transaction.ts';

/** What a session is made of. */
export interface SessionParts {
  readonly name: string;
  readonly database: IdbDatabase;
  readonly keyRanges: IdbKeyRanges;
  readonly generation: number;
  /** Called when the database is lost to us: nothing may be acknowledged any more. */
  readonly onLost: (failure: StorageFailedError) => void;
}

/** An open database. */
export class Session {
  readonly keyRanges: IdbKeyRanges;
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.keyRanges = parts.keyRanges;
    const { name, database } = parts;
    database.onversionchange = () => {
      this.#lose(`database ${name} is being deleted or upgraded by another tab`);
      // Otherwise whoever does it would wait for us.
      database.close();
    };
    database.onclose = () => {
      this.#lose(`the browser closed database ${name}, perhaps because its data was cleared`);
    };
  }

  /**
   * Runs a transaction; see {@link transact}.
   *
   * @param scope the first one has the fence: `meta` or `chunks`.
   * @throws StorageFailedError if it fails, or the database is another's by now.
   * @throws CorruptError if the browser cannot read a value any more.
   */
  async run<Result>(
    scope: readonly ['meta' | 'chunks', ...StoreName[]],
    access: Access,
    work: (stores: Stores) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await transact(this.#parts.database, scope, access, async (stores) => {
        await this.#checkFence(stores, scope[0]);
        return work(stores);
      });
    } catch (cause) {
      throw translate(`a transaction of database ${this.#parts.name} failed`, cause);
    }
  }

  /** Waits for nothing: transactions under way go through. */
  close(): void {
    const { database } = this.#parts;
    database.onversionchange = null;
    database.onclose = null;
    database.close();
  }

  async #checkFence(stores: Stores, store: 'meta' | 'chunks'): Promise<void> {
    const place = namedPlace(store, 'fence');
    const value = await answer(stores(store).get('fence'));
    if (value === undefined) throw damaged(place, 'is gone');
    if (decodeGeneration(store, unseal(place, value)) === this.#parts.generation) return;
    throw this.#lose(`database ${this.#parts.name} was opened by another tab or worker meanwhile`);
  }

  #lose(why: string): StorageFailedError {
    const failure = new StorageFailedError(
      `${why}; nothing is acknowledged any more: close this storage, and open another one if it is to go on here`,
    );
    this.#parts.onLost(failure);
    return failure;
  }
}
