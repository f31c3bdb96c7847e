/**
 * Transactions, and the operations that they share with single commands.
 */
import { CommandRejectedError, compareBytes, unreachable } from '@quorate/core';
import type {
  KvCompare,
  KvDelete,
  KvOperation,
  KvOperator,
  KvPut,
  KvSelection,
  KvTransaction,
} from './commands.ts';
import { requireLeases } from './leases/operations.ts';
import { maxAnswerBytes } from './limits.ts';
import { AnswerBudget, liveVersions, pairOf, readKey, readRange } from './reads.ts';
import type {
  KvDeleteResult,
  KvOperationResult,
  KvPutResult,
  KvTransactionResult,
} from './results.ts';
import type { Store } from './store.ts';
import { noVersion } from './version-table.ts';

/** Puts one key. */
export function put(store: Store, { key, value, previous, lease }: KvPut): KvPutResult {
  const replaced = store.put(key, value, lease);
  const { revision } = store;
  return previous && replaced !== noVersion
    ? { type: 'put', revision, previous: pairOf(store, replaced) }
    : { type: 'put', revision };
}

/** Deletes the keys selected. */
export function remove(store: Store, { selection, previous }: KvDelete): KvDeleteResult {
  const doomed = liveVersions(store, selection);
  for (const id of doomed) store.delete(id);
  return {
    type: 'delete',
    revision: store.revision,
    deleted: doomed.length,
    previous: previous ? doomed.map((id) => pairOf(store, id)) : [],
  };
}

/** Does a whole transaction. The caller has found it valid, and commits. */
export function transact(store: Store, transaction: KvTransaction): KvTransactionResult {
  const succeeded = transaction.compare.every((compare) => holds(store, compare));
  const operations = succeeded ? transaction.then : transaction.else;
  requireLeases(store, operations);
  const budget = reserve(store, operations);
  const results = operations.map((operation) => operate(store, operation, budget));
  return { type: 'txn', revision: store.revision, succeeded, results };
}

/**
 * A budget from which all pairs are taken already that must be in the results: previous ones, and
 * those of single reads. Only ranges can stop early and be read on later; they share what is left.
 *
 * Counted before anything changes, so that nothing ever has to be undone. That is possible since no
 * operation deletes what another one puts: a previous pair is there before the first operation, and
 * a single read finds what was there or what the transaction itself puts.
 *
 * @throws CommandRejectedError if they are too many.
 */
export function reserve(store: Store, operations: readonly KvOperation[]): AnswerBudget {
  const budget = new AnswerBudget();
  for (const operation of operations) {
    if (
      !requiredPairs(store, operation, operations).every(([key, bytes]) => budget.take(key, bytes))
    ) {
      throw new CommandRejectedError(
        `the pairs asked for are over maxAnswerBytes, ${String(maxAnswerBytes)}; ask for fewer, or read them on their own`,
      );
    }
  }
  return budget;
}

/** Keys, and lengths of values, that the result of an operation may have to hold. */
function requiredPairs(
  store: Store,
  operation: KvOperation,
  operations: readonly KvOperation[],
): readonly (readonly [key: string, valueBytes: number])[] {
  switch (operation.type) {
    case 'range':
      return [];
    case 'put':
      return operation.previous ? pairsNow(store, { type: 'key', key: operation.key }) : [];
    case 'delete':
      return operation.previous ? pairsNow(store, operation.selection) : [];
    case 'get': {
      const { key } = operation;
      const put = operations.find(
        (other): other is KvPut => other.type === 'put' && other.key === key,
      );
      const now = pairsNow(store, { type: 'key', key });
      return put === undefined ? now : [...now, [key, put.value.length]];
    }
    default:
      return unreachable(operation);
  }
}

function pairsNow(store: Store, selection: KvSelection): (readonly [string, number])[] {
  return liveVersions(store, selection).map((id) => [
    store.keyOf(id),
    store.versions.valueBytes(id),
  ]);
}

function operate(store: Store, operation: KvOperation, budget: AnswerBudget): KvOperationResult {
  switch (operation.type) {
    case 'put':
      return put(store, operation);
    case 'delete':
      return remove(store, operation);
    case 'get':
      return readKey(store, operation);
    case 'range':
      return readRange(store, operation, budget);
    default:
      return unreachable(operation);
  }
}

function holds(store: Store, compare: KvCompare): boolean {
  const { key, operator } = compare;
  const live = store.live(key);
  if (compare.target === 'value') {
    if (live === noVersion) return false;
    return ordered(compareBytes(store.viewOfValue(live), compare.value), operator);
  }
  const counter = live === noVersion ? 0 : store.versions[compare.target](live);
  return ordered(counter - compare.value, operator);
}

/** Whether the left side stands in this relation to the right, given the sign of their difference. */
function ordered(difference: number, operator: KvOperator): boolean {
  switch (operator) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '>':
      return difference > 0;
    default:
      return unreachable(operator);
  }
}
