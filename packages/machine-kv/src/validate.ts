/**
 * What makes no sense whatever the state of the map. Said twice: when a command is encoded, so that
 * its author learns it at once, and when it is applied, since others may have encoded it.
 */
import { maxU48, unreachable } from '@quorate/core';
import type {
  KvCommand,
  KvCompare,
  KvOperation,
  KvQuery,
  KvRange,
  KvSelection,
  KvTransaction,
} from './commands.ts';
import { boundProblem, keyProblem } from './keys.ts';
import { noLease } from './leases/none.ts';
import {
  maxLeaseTtlMs,
  maxRangeLimit,
  maxTransactionCompares,
  maxTransactionOperations,
  maxValueBytes,
  minLeaseTtlMs,
} from './limits.ts';
import { selects } from './selection.ts';
import type { KvWatch } from './watches/requests.ts';

/** What is wrong with a command, or nothing. */
export function commandProblem(command: KvCommand): string | undefined {
  switch (command.type) {
    case 'put':
    case 'delete':
      return operationProblem(command);
    case 'txn':
      return transactionProblem(command);
    case 'compact':
      return countProblem('a revision', command.revision);
    case 'retain':
      return (
        countProblem('a number of revisions', command.revisions) ??
        countProblem('a number of bytes', command.bytes)
      );
    case 'lease-grant':
      return (
        (command.lease === noLease ? undefined : leaseProblem(command.lease)) ??
        ttlProblem(command.ttlMs)
      );
    case 'lease-keep-alive':
    case 'lease-revoke':
      return leaseProblem(command.lease);
    default:
      return unreachable(command);
  }
}

/** What is wrong with a query, or nothing. */
export function queryProblem(query: KvQuery): string | undefined {
  switch (query.type) {
    case 'get':
    case 'range':
      return operationProblem(query);
    case 'info':
      return undefined;
    case 'lease-info':
      return leaseProblem(query.lease) ?? boundProblem(query.from) ?? limitProblem(query.limit);
    case 'lease-list':
      return countProblem('a lease', query.from) ?? limitProblem(query.limit);
    default:
      return unreachable(query);
  }
}

/** What is wrong with a watch, or nothing. */
export function watchProblem(watch: KvWatch): string | undefined {
  if (!watch.puts && !watch.deletes) {
    return 'a watch wants neither puts nor deletions; ask for one of them';
  }
  if (watch.revision === 0 && watch.position !== 0) {
    return 'a watch from now on names a position; name its revision too';
  }
  return (
    selectionProblem(watch.selection) ??
    countProblem('a revision', watch.revision) ??
    countProblem('a position', watch.position)
  );
}

function operationProblem(operation: KvOperation): string | undefined {
  switch (operation.type) {
    case 'put':
      return (
        keyProblem(operation.key) ??
        valueProblem(operation.value) ??
        countProblem('a lease', operation.lease)
      );
    case 'delete':
      return selectionProblem(operation.selection);
    case 'get':
      return keyProblem(operation.key) ?? countProblem('a revision', operation.revision);
    case 'range':
      return rangeProblem(operation);
    default:
      return unreachable(operation);
  }
}

function rangeProblem({ selection, limit, revision }: KvRange): string | undefined {
  return limitProblem(limit) ?? selectionProblem(selection) ?? countProblem('a revision', revision);
}

function limitProblem(limit: number): string | undefined {
  if (isCount(limit) && limit <= maxRangeLimit) return undefined;
  return `a limit of ${String(limit)} is not from 0 to maxRangeLimit, ${String(maxRangeLimit)}; read in pages`;
}

function leaseProblem(lease: number): string | undefined {
  return isCount(lease) && lease !== noLease
    ? undefined
    : `a lease is ${String(lease)}; use an integer from 1 below 2^48`;
}

function ttlProblem(ttlMs: number): string | undefined {
  return isCount(ttlMs) && ttlMs >= minLeaseTtlMs && ttlMs <= maxLeaseTtlMs
    ? undefined
    : `a time to live of ${String(ttlMs)} ms is not an integer from minLeaseTtlMs, ${String(minLeaseTtlMs)}, to maxLeaseTtlMs, ${String(maxLeaseTtlMs)}`;
}

function selectionProblem(selection: KvSelection): string | undefined {
  switch (selection.type) {
    case 'key':
      return keyProblem(selection.key);
    case 'prefix':
      return boundProblem(selection.prefix);
    case 'range':
      return boundProblem(selection.from) ?? boundProblem(selection.to);
    default:
      return unreachable(selection);
  }
}

function valueProblem(value: Uint8Array): string | undefined {
  if (value.length <= maxValueBytes) return undefined;
  return `a value of ${String(value.length)} bytes is over maxValueBytes, ${String(maxValueBytes)}; split it`;
}

function transactionProblem(transaction: KvTransaction): string | undefined {
  if (transaction.compare.length > maxTransactionCompares) {
    return `a transaction has more compares than maxTransactionCompares, ${String(maxTransactionCompares)}; split it`;
  }
  for (const compare of transaction.compare) {
    const problem = compareProblem(compare);
    if (problem !== undefined) return problem;
  }
  return branchProblem(transaction.then) ?? branchProblem(transaction.else);
}

function compareProblem(compare: KvCompare): string | undefined {
  const problem = keyProblem(compare.key);
  if (problem !== undefined) return problem;
  if (compare.target === 'value') return valueProblem(compare.value);
  return countProblem(`a ${compare.target}`, compare.value);
}

/** Both branches must make sense, whichever is going to be done: no rejection depends on the state. */
function branchProblem(operations: readonly KvOperation[]): string | undefined {
  if (operations.length > maxTransactionOperations) {
    return `a transaction has more operations than maxTransactionOperations, ${String(maxTransactionOperations)}; split it`;
  }
  const puts = new Set<string>();
  for (const operation of operations) {
    const problem = operationProblem(operation);
    if (problem !== undefined) return problem;
    if (operation.type === 'put') {
      if (puts.has(operation.key)) {
        return `a transaction puts the key ${JSON.stringify(operation.key)} twice; put it once`;
      }
      puts.add(operation.key);
    } else if (operation.type !== 'delete' && operation.revision !== 0) {
      return 'a read in a transaction asks for a revision; it can only read the present';
    }
  }
  for (const operation of operations) {
    if (operation.type !== 'delete') continue;
    for (const key of puts) {
      if (selects(operation.selection, key)) {
        return `a transaction puts and deletes the key ${JSON.stringify(key)}; do one of them`;
      }
    }
  }
  return undefined;
}

function countProblem(what: string, count: number): string | undefined {
  return isCount(count)
    ? undefined
    : `${what} is ${String(count)}; use an integer from 0 below 2^48`;
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0 && count <= maxU48;
}
