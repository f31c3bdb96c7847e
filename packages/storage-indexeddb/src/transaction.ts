/**
 * Requests and transactions of IndexedDB as promises.
 *
 * A transaction commits by itself once none of its requests is left, so within one nothing may be
 * waited for but its own requests. Promises settle while the event of a request is being handled, and
 * what runs then may still make requests.
 */
import { CorruptError, describeError, QuorateError, StorageFailedError } from '@quorate/core';
import type { IdbDatabase, IdbObjectStore, IdbRequest, IdbTransaction } from './browser.ts';
import type { StoreName } from './format.ts';

/**
 * What a transaction does: it only reads; it writes what must be durable once it has committed; or it
 * removes what nobody will miss, in its own time.
 */
export type Access = 'read' | 'write' | 'tidy';

/** The object stores of a transaction. */
export type Stores = (name: StoreName) => IdbObjectStore;

/** The result of a request. */
export function answer<Result>(request: IdbRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('a request failed'));
  });
}

/** Resolves when a transaction is committed, and rejects with the reason when it is not. */
export function committed(transaction: IdbTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () =>
      reject(transaction.error ?? new Error('the browser aborted the transaction'));
  });
}

/** Runs a transaction, and resolves when it is committed; what throws inside undoes all of it. */
export async function transact<Result>(
  database: IdbDatabase,
  scope: readonly StoreName[],
  access: Access,
  work: (stores: Stores, transaction: IdbTransaction) => Promise<Result>,
): Promise<Result> {
  const transaction = database.transaction(
    [...scope],
    access === 'read' ? 'readonly' : 'readwrite',
    { durability: access === 'write' ? 'strict' : 'relaxed' },
  );
  const end = committed(transaction);
  // It is waited for below; should `work` fail first, this must not pass for unhandled.
  end.catch(() => undefined);
  let result: Result;
  try {
    result = await work((name) => transaction.objectStore(name), transaction);
  } catch (error) {
    const reason = await undo(transaction, end);
    // A request that was cut off only says so; why stands in the transaction.
    throw isAbort(error) && reason !== undefined ? reason : error;
  }
  await end;
  return result;
}

/** Aborts a transaction that may have ended by itself; gives the reason in that case. */
async function undo(transaction: IdbTransaction, end: Promise<void>): Promise<unknown> {
  try {
    transaction.abort();
    await end.catch(() => undefined);
    return undefined;
  } catch {
    return end.then(
      () => undefined,
      (reason: unknown) => reason,
    );
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** A failure of the browser as an error of a storage; ours stay as they are. */
export function translate(what: string, cause: unknown): QuorateError {
  if (cause instanceof QuorateError) return cause;
  const said = inWords(cause);
  switch (cause instanceof Error ? cause.name : '') {
    // What the browser itself finds missing or damaged. Older ones say DataError.
    case 'NotReadableError':
    case 'DataError':
      return new CorruptError(`${what}: ${said}; restore this node from its peers`, { cause });
    case 'QuotaExceededError':
      return new StorageFailedError(
        `${what}: ${said}: the space that the browser grants this site is used up; free some, and open the storage again`,
        { cause },
      );
    default:
      return new StorageFailedError(`${what}: ${said}; open the storage again`, { cause });
  }
}

function inWords(error: unknown): string {
  const message = describeError(error);
  if (!(error instanceof Error) || message.includes(error.name)) return message;
  return message === '' ? error.name : `${message} (${error.name})`;
}
