/**
 * Identities and counters: the words that every other file of the vocabulary uses.
 */
import { InvalidArgumentError } from './errors.ts';

/** Names one node of a cluster. 1 to 64 characters out of `A-Z a-z 0-9 . _ -`, but not `.` or `..`. */
export type NodeId = string;

/** A position in the replicated log. The first entry has index 1; 0 means "before the first". */
export type LogIndex = number;

/** Number of a request to an engine; the driver draws it, the engine hands it back with what became of it. */
export type Ticket = number;

/** Number of an atomic write that an engine asks for. Ascending by one; durable in this order. */
export type WriteId = number;

/** Largest length of a node or cluster name, in characters. */
export const maxNameLength = 64;

const namePattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;

/**
 * Tells whether a text can name a node or a cluster.
 *
 * Names travel in frames, records and URLs, hence the narrow alphabet; `.` and `..` mean something
 * else in URLs and paths.
 */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/**
 * Returns the name unchanged if it can name a node or cluster.
 *
 * @throws InvalidArgumentError if it cannot.
 */
export function checkName(text: string, what: string): string {
  if (!isName(text)) {
    throw new InvalidArgumentError(
      `${what} must be 1 to ${String(maxNameLength)} characters out of A-Z a-z 0-9 . _ -, and not . or .., got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return text;
}
