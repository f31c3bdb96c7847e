/**
 * Every bound of the HTTP side. A client that is slow, greedy or hostile runs into one of these, and
 * the node goes on.
 */

/** Bounds of one node's HTTP server. */
export interface HttpLimits {
  /** Largest JSON body, in bytes: the largest command, with room for base64 and JSON. @default 4 MiB */
  readonly maxJsonBytes: number;
  /** Request bodies held at the same time, in bytes; beyond, OVERLOADED. @default 64 MiB */
  readonly maxBodyBytesHeld: number;
  /**
   * Large answers held at the same time, in bytes: those of clients that read slowly. Beyond,
   * OVERLOADED. @default 64 MiB
   */
  readonly maxReplyBytesHeld: number;
  /** Answers up to this size are not counted: `maxRequests` bounds them. @default 16 KiB */
  readonly smallReplyBytes: number;
  /** Requests under way, until their answers are out; beyond, OVERLOADED. @default 2 048 */
  readonly maxRequests: number;
  /** Open connections; beyond, new ones are dropped. @default 2 048 */
  readonly maxConnections: number;
  /** All header fields of a request together, in bytes. @default 16 KiB */
  readonly maxHeaderBytes: number;
  /** Until the header of a request must be there. @default 10 000 */
  readonly headersTimeoutMs: number;
  /** Until the whole request must be there. @default 30 000 */
  readonly requestTimeoutMs: number;
  /** Until the client must have taken its whole answer; then it is cut off. @default 30 000 */
  readonly replyTimeoutMs: number;
  /** How long an idle connection is kept. @default 65 000 */
  readonly keepAliveTimeoutMs: number;
  /** How long the rest of a refused body is read and thrown away, so that the client sees why. @default 1 000 */
  readonly lingerMs: number;
}

/** The limits where nothing else is asked for. */
export const defaultHttpLimits: HttpLimits = {
  maxJsonBytes: 4 * 1024 * 1024,
  maxBodyBytesHeld: 64 * 1024 * 1024,
  maxReplyBytesHeld: 64 * 1024 * 1024,
  smallReplyBytes: 16 * 1024,
  maxRequests: 2_048,
  maxConnections: 2_048,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  replyTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  lingerMs: 1_000,
};

/** A number of bytes that several holders share. */
export class ByteBudget {
  readonly #bytes: number;
  #left: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  /** How many are taken. */
  get held(): number {
    return this.#bytes - this.#left;
  }

  /** Takes so many, or none where there are not enough. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#left += bytes;
  }
}
