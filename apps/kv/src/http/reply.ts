/**
 * What a route is given and what it gives back: plain data, so that routes are tested without a
 * socket.
 */

/** One request, as a route sees it. */
export interface HttpRequest {
  readonly method: string;
  /** As it was sent, still percent-encoded: a key may hold `/` and `%2F`, and they are the same. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /**
   * The whole body.
   *
   * @throws TooLargeError as soon as more than `maxBytes` are announced or have come.
   * @throws OverloadedError if the bodies of all requests together are too large.
   */
  readonly body: (maxBytes: number) => Promise<Uint8Array>;
}

/** One answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** A body that is too large to be held; sent in the place of `body`. */
  readonly stream?: StreamBody;
}

/** A body in pieces. */
export interface StreamBody {
  /** Length of all of it. */
  readonly bytes: number;
  /** Once. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Lets go of what it is read from; also where nothing was read. */
  close(): Promise<void>;
}

/** An answer in JSON. */
export function jsonReply(
  value: unknown,
  status: number = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}
