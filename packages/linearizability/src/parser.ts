/**
 * Reads histories of JSON lines: an object a line, in the order in which things happened.
 *
 * What comes in is not believed: lines, operations and nesting are bounded, and what cannot be
 * understood is an error with its line, never a guess. What an operation means is the model's matter.
 */
import { LinearizabilityError, positive } from './errors.ts';
import { Events } from './events.ts';
import { isObject, type Json, problemOf } from './json.ts';
import type { Answer, Call, History, Process } from './operation.ts';

/** @see parseHistory */
export interface ParseOptions {
  /** How long a line may be, in UTF-16 units. @default 1_048_576 */
  readonly maxLineLength?: number;
  /** How many operations there may be. @default 1_000_000 */
  readonly maxOperations?: number;
}

const types = ['invoke', 'ok', 'fail', 'info'] as const;
type EventType = (typeof types)[number];

/**
 * Reads a whole history. Empty lines do not count.
 *
 * @throws {LinearizabilityError} `NOT_JSON`, `INVALID_EVENT`, `OUT_OF_ORDER`, `TOO_LARGE`, `INVALID_ARGUMENT`
 */
export function parseHistory(text: string, options: ParseOptions = {}): History {
  const parser = new HistoryParser(options);
  parser.push(text);
  return parser.finish();
}

/** Reads a history that comes in pieces. */
export class HistoryParser {
  readonly #events: Events<Call, Answer>;
  readonly #maxLineLength: number;
  #rest = '';
  #line = 0;

  /** @throws {LinearizabilityError} `INVALID_ARGUMENT` */
  constructor(options: ParseOptions = {}) {
    this.#maxLineLength = positive('maxLineLength', options.maxLineLength, 1_048_576);
    this.#events = new Events(positive('maxOperations', options.maxOperations, 1_000_000));
  }

  /** The next piece of the text; it may end anywhere. @throws {LinearizabilityError} as {@link parseHistory} */
  push(text: string): void {
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      this.#read(this.#rest + text.slice(from, to));
      this.#rest = '';
      from = to + 1;
    }
    this.#rest += text.slice(from);
    if (this.#rest.length > this.#maxLineLength) this.#tooLong(this.#line + 1);
  }

  /** The text has ended. @throws {LinearizabilityError} as {@link parseHistory} */
  finish(): History {
    if (this.#rest !== '') this.#read(this.#rest);
    this.#rest = '';
    return this.#events.history();
  }

  #tooLong(line: number): never {
    throw new LinearizabilityError(
      'TOO_LARGE',
      `it is longer than ${this.#maxLineLength}; raise maxLineLength or shorten its value`,
      line,
    );
  }

  #read(text: string): void {
    this.#line += 1;
    const line = this.#line;
    if (text.length > this.#maxLineLength) this.#tooLong(line);
    const bare = (line === 1 ? text.replace(/^\uFEFF/, '') : text).trim();
    if (bare === '') return;
    let event: Json;
    try {
      event = JSON.parse(bare) as Json;
    } catch {
      throw new LinearizabilityError(
        'NOT_JSON',
        'it is no JSON; write one JSON object a line',
        line,
      );
    }
    if (!isObject(event)) invalid('it is no object', 'write one JSON object a line', line);
    this.#take(event, line);
  }

  #take(event: { readonly [member: string]: Json }, line: number): void {
    const type = typeOf(event['type'], line);
    const process = processOf(event['process'], line);
    const time = timeOf(event['time'], line);
    if (type === 'invoke') {
      this.#events.invoke(process, callOf(event, line), time, line);
      return;
    }
    const input = this.#events.inputOf(process);
    if (input !== undefined) checkSameCall(event, input, line);
    switch (type) {
      case 'ok':
        this.#events.end(process, { type, output: answerOf(event, line) }, time, line);
        break;
      case 'fail':
      case 'info':
        this.#events.end(process, { type }, time, line);
        break;
    }
  }
}

function typeOf(value: Json | undefined, line: number): EventType {
  const type = types.find((each) => each === value);
  return type ?? invalid(`"type" is ${textOf(value)}`, 'write invoke, ok, fail or info', line);
}

function processOf(value: Json | undefined, line: number): Process {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    return value;
  }
  return invalid(`"process" is ${textOf(value)}`, 'write an integer or a string', line);
}

function timeOf(value: Json | undefined, line: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return invalid(
    `"time" is ${textOf(value)}`,
    'write nanoseconds as a number or leave it out',
    line,
  );
}

function keyOf(value: Json | undefined, line: number): string | number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    return value;
  }
  return invalid(`"key" is ${textOf(value)}`, 'write a string or an integer', line);
}

function callOf(event: { readonly [member: string]: Json }, line: number): Call {
  const f = event['f'];
  if (typeof f !== 'string' || f === '') {
    invalid(`"f" is ${textOf(f)}`, 'write the name of the operation', line);
  }
  const key = keyOf(event['key'], line);
  return { f, ...(key === undefined ? {} : { key }), ...member(event, 'value', line) };
}

function answerOf(event: { readonly [member: string]: Json }, line: number): Answer {
  return { ...member(event, 'value', line), ...member(event, 'result', line) };
}

function member(
  event: { readonly [member: string]: Json },
  name: 'value' | 'result',
  line: number,
): { readonly value?: Json; readonly result?: Json } {
  const value = event[name];
  if (value === undefined) return {};
  const problem = problemOf(value);
  if (problem !== undefined) {
    throw new LinearizabilityError('INVALID_EVENT', `"${name}": ${problem}`, line);
  }
  return { [name]: value };
}

/** A completion may leave out what it completes; what it says must be true. */
function checkSameCall(event: { readonly [member: string]: Json }, call: Call, line: number): void {
  const f = event['f'];
  if (f !== undefined && f !== call.f) {
    invalid(`it completes a ${textOf(f)}, but "${call.f}" is under way`, 'repeat "f"', line);
  }
  const key = keyOf(event['key'], line);
  if (key !== undefined && key !== call.key) {
    invalid(`its "key" is ${textOf(key)}, not the one that was called`, 'repeat "key"', line);
  }
}

function textOf(value: Json | undefined): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function invalid(problem: string, remedy: string, line: number): never {
  throw new LinearizabilityError('INVALID_EVENT', `${problem}; ${remedy}`, line);
}
