/**
 * What can be said to the counters, and what they say: plain data. All names are counters from the
 * beginning, and hold 0.
 */
import { InvalidArgumentError } from '@quorate/core';
import { maxListLimit } from './limits.ts';

/** Adds to a counter, or takes away. */
export interface Add {
  readonly type: 'add';
  readonly name: string;
  readonly amount: bigint;
}

/** Gives a counter a value if it holds the expected one. */
export interface CompareAndSet {
  readonly type: 'compare-and-set';
  readonly name: string;
  readonly expected: bigint;
  readonly value: bigint;
}

/** Everything that goes through the log. */
export type CounterCommand = Add | CompareAndSet;

/** What became of a command. */
export interface CounterResult {
  /** Whether it happened: always for `add`, and for `compareAndSet` if the counter held what was expected. */
  readonly happened: boolean;
  /** What the counter holds now. */
  readonly value: bigint;
}

/** Asks for one counter. */
export interface Read {
  readonly type: 'read';
  readonly name: string;
}

/** Asks for the counters that are not 0, in the order of their names (as `<` compares them). */
export interface List {
  readonly type: 'list';
  /** How their names begin; the empty text: any. */
  readonly prefix: string;
  /** Only those behind this name; the empty text: all. */
  readonly after: string;
  readonly limit: number;
}

/** Everything that only reads. */
export type CounterQuery = Read | List;

/** A counter that is not 0. */
export interface Counter {
  readonly name: string;
  readonly value: bigint;
}

/** Answers a {@link Read}. */
export interface ReadAnswer {
  readonly type: 'read';
  readonly value: bigint;
}

/** Answers a {@link List}. */
export interface ListAnswer {
  readonly type: 'list';
  readonly counters: readonly Counter[];
  /** Whether there are others behind the last one. */
  readonly more: boolean;
}

/** Answers a query: one of the same type. */
export type CounterAnswer = ReadAnswer | ListAnswer;

/** Adds an amount, which may be negative. The result has the new value. */
export function add(name: string, amount: bigint): Add {
  return { type: 'add', name, amount };
}

/** Sets a counter to `value` if it holds `expected`. The result says whether it did, and what it holds now. */
export function compareAndSet(name: string, expected: bigint, value: bigint): CompareAndSet {
  return { type: 'compare-and-set', name, expected, value };
}

/** Reads one counter. */
export function read(name: string): Read {
  return { type: 'read', name };
}

/** Which counters to list. */
export interface ListOptions {
  /** How their names begin. @default any */
  readonly prefix?: string;
  /** Only those behind this name: the last one of the page before. @default all */
  readonly after?: string;
  /** Most counters to answer with, up to `maxListLimit`. @default 1000 */
  readonly limit?: number;
}

/** Lists counters that are not 0, a page at a time. */
export function list(options: ListOptions = {}): List {
  const { prefix = '', after = '', limit = maxListLimit } = options;
  return { type: 'list', prefix, after, limit };
}

/**
 * Narrows an answer to that of the query: `expectType(await replica.query(read('visits')), 'read').value`.
 *
 * @throws InvalidArgumentError if it is of another type.
 */
export function expectType<Type extends CounterAnswer['type']>(
  answer: CounterAnswer,
  type: Type,
): CounterAnswer & { readonly type: Type } {
  if (isOfType(answer, type)) return answer;
  throw new InvalidArgumentError(
    `expected '${type}', got '${answer.type}'; narrow by the type of what was asked`,
  );
}

function isOfType<Type extends CounterAnswer['type']>(
  answer: CounterAnswer,
  type: Type,
): answer is CounterAnswer & { readonly type: Type } {
  return answer.type === type;
}
