/**
 * Query parameters and keys of requests, checked. An unknown parameter is refused: it is a misspelt
 * one, whose effect somebody waits for.
 */
import { InvalidArgumentError, MalformedError } from '@quorate/core';
import type { Acknowledge, Consistency } from '@quorate/replica';
import { integerOfText } from '../json.ts';
import type { HttpRequest } from './reply.ts';

/** Requests may ask for a shorter wait than the node's own. */
const longestTimeoutMs = 5_000;

/**
 * The parameters of a request.
 *
 * @throws InvalidArgumentError if there is one that is not in `known`, or one twice.
 */
export class Params {
  readonly #query: URLSearchParams;

  constructor(query: URLSearchParams, known: readonly string[]) {
    for (const name of query.keys()) {
      if (!known.includes(name)) {
        const list = known.length === 0 ? 'none is known here' : `known are ${known.join(', ')}`;
        throw new InvalidArgumentError(`unknown parameter ${JSON.stringify(name)}; ${list}`);
      }
      if (query.getAll(name).length > 1) {
        throw new InvalidArgumentError(`the parameter ${name} stands twice`);
      }
    }
    this.#query = query;
  }

  text(name: string): string | undefined {
    return this.#query.get(name) ?? undefined;
  }

  integer(name: string, least: number = 0, most?: number): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : integerOfText(text, name, least, most);
  }

  flag(name: string): boolean {
    return this.choice(name, ['true', 'false']) === 'true';
  }

  choice<const T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`${name} must be one of ${choices.join(', ')}`);
  }

  /** Options of a read: `consistency` and `timeoutMs`. */
  readOptions(signal: AbortSignal): ReadCallOptions {
    const consistency = this.choice('consistency', ['linearizable', 'lease', 'local']);
    return { signal, consistency: consistency ?? 'linearizable', ...this.#timeout() };
  }

  /** Options of a write: `acknowledge` and `timeoutMs`. */
  writeOptions(signal: AbortSignal): WriteCallOptions {
    const acknowledge = this.choice('acknowledge', ['quorum', 'all']);
    return { signal, acknowledge: acknowledge ?? 'quorum', ...this.#timeout() };
  }

  #timeout(): { readonly timeoutMs?: number } {
    const timeoutMs = this.integer('timeoutMs', 1, longestTimeoutMs);
    return timeoutMs === undefined ? {} : { timeoutMs };
  }
}

/** Parameters of every read and of every write. */
export const readParams: readonly string[] = ['consistency', 'timeoutMs'];
export const writeParams: readonly string[] = ['acknowledge', 'timeoutMs'];

/** What {@link Params.readOptions} gives. */
export interface ReadCallOptions {
  readonly signal: AbortSignal;
  readonly consistency: Consistency;
  readonly timeoutMs?: number;
}

/** What {@link Params.writeOptions} gives. */
export interface WriteCallOptions {
  readonly signal: AbortSignal;
  readonly acknowledge: Acknowledge;
  readonly timeoutMs?: number;
}

/** In front of the key in a path. */
export const keyPathPrefix = '/v1/kv/';

/**
 * The key in the path: everything behind `/v1/kv/`, slashes included, percent-decoded.
 *
 * @throws MalformedError if it does not decode to UTF-8.
 */
export function keyOf(request: HttpRequest): string {
  const encoded = request.rawPath.slice(keyPathPrefix.length);
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new MalformedError('the key in the path is not percent-encoded UTF-8', { cause });
  }
}
