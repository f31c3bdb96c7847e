/**
 * What makes no sense whatever the state of the ledger. Said twice: when a command is encoded, so
 * that its author learns it at once, and when it is applied, since others may have encoded it.
 */
import { maxU48, unreachable } from '@quorate/core';
import { isId } from './fields.ts';
import {
  maxAmount,
  maxCurrencyLength,
  maxIdLength,
  maxOperations,
  maxPageLength,
  maxTimeoutMs,
  maxUserDataBytes,
} from './limits.ts';
import type { LedgerCommand, LedgerOperation } from './operations.ts';
import type { LedgerQuery } from './queries.ts';

/** What is wrong with a command, or nothing. */
export function commandProblem(command: LedgerCommand): string | undefined {
  if (command.type !== 'atomic') return operationProblem(command);
  const { operations } = command;
  if (operations.length === 0 || operations.length > maxOperations) {
    return `an atomic command has ${String(operations.length)} operations; give it 1 to ${String(maxOperations)}`;
  }
  for (const [at, operation] of operations.entries()) {
    const problem = operationProblem(operation);
    if (problem !== undefined) return `operation ${String(at)}: ${problem}`;
  }
  return undefined;
}

/** What is wrong with an operation, or nothing. */
export function operationProblem(operation: LedgerOperation): string | undefined {
  return idProblem('an id', operation.id) ?? notesProblem(operation) ?? partsProblem(operation);
}

function partsProblem(operation: LedgerOperation): string | undefined {
  switch (operation.type) {
    case 'open':
      return idProblem('a currency', operation.currency, maxCurrencyLength);
    case 'transfer':
      return sidesProblem(operation) ?? amountProblem(operation.amount);
    case 'pending':
      return (
        sidesProblem(operation) ??
        amountProblem(operation.amount) ??
        countProblem('a timeout', operation.timeoutMs, 0, maxTimeoutMs)
      );
    case 'post':
      return (
        idProblem('the id of a pending transfer', operation.pending) ??
        (operation.amount === undefined ? undefined : amountProblem(operation.amount))
      );
    case 'void':
      return idProblem('the id of a pending transfer', operation.pending);
    default:
      return unreachable(operation);
  }
}

/** What is wrong with a query, or nothing. */
export function queryProblem(query: LedgerQuery): string | undefined {
  switch (query.type) {
    case 'account':
      return idProblem('an id', query.id) ?? countProblem('an index', query.index);
    case 'transfer':
      return idProblem('an id', query.id);
    case 'history':
      return (
        idProblem('the id of an account', query.account) ??
        countProblem('a time', query.from) ??
        countProblem('a time', query.to) ??
        countProblem('a cursor', query.cursor ?? 0) ??
        limitProblem(query.limit)
      );
    case 'statement':
      return (
        countProblem('an index', query.index) ??
        countProblem('a cursor', query.cursor) ??
        limitProblem(query.limit)
      );
    case 'totals':
    case 'status':
      return undefined;
    case 'records':
      return countProblem('a sequence number', query.from) ?? limitProblem(query.limit);
    case 'inclusion':
      return (
        (typeof query.of === 'string'
          ? idProblem('an id', query.of)
          : countProblem('a sequence number', query.of)) ?? countProblem('a length', query.length)
      );
    case 'consistency':
      return countProblem('a length', query.from) ?? countProblem('a length', query.to);
    default:
      return unreachable(query);
  }
}

function idProblem(what: string, id: string, maxLength: number = maxIdLength): string | undefined {
  return isId(id, maxLength)
    ? undefined
    : `${what} is 1 to ${String(maxLength)} characters of printable ASCII without spaces, not ${JSON.stringify(id.slice(0, 80))}`;
}

function notesProblem({ code, userData }: LedgerOperation): string | undefined {
  if (userData.length > maxUserDataBytes) {
    return `${String(userData.length)} bytes of user data are over maxUserDataBytes, ${String(maxUserDataBytes)}; keep them elsewhere and refer to them`;
  }
  return countProblem('a code', code, 0, 0xffff);
}

function sidesProblem(operation: {
  readonly debit: string;
  readonly credit: string;
}): string | undefined {
  const { debit, credit } = operation;
  if (debit === credit) return 'a transfer debits and credits one account; name two';
  return idProblem('the id of an account', debit) ?? idProblem('the id of an account', credit);
}

function amountProblem(amount: bigint): string | undefined {
  return amount >= 1n && amount <= maxAmount
    ? undefined
    : `an amount is from 1 to 2^128 - 1 minor units, not ${String(amount).slice(0, 80)}`;
}

function limitProblem(limit: number): string | undefined {
  return countProblem('the limit of a page', limit, 1, maxPageLength);
}

function countProblem(
  what: string,
  count: number,
  least: number = 0,
  most: number = maxU48,
): string | undefined {
  return Number.isInteger(count) && count >= least && count <= most
    ? undefined
    : `${what} is an integer from ${String(least)} to ${String(most)}, not ${String(count)}`;
}
