/** Calls of gRPC over one connection of HTTP/2, without a library: one message there, one back. */
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';

/** The other side has refused, or the connection broke. */
export class CallError extends Error {}

/** Compressed or not, and the length of the message behind it. */
const prefixBytes = 5;
/** Larger than anything that is asked for; what says otherwise makes no sense. */
const mostBytes = 64 * 1024 * 1024;
const mebibytes = 256;

const statusField = 'grpc-status';
const messageField = 'grpc-message';

/** A connection. Once it is broken it stays so. */
export class GrpcConnection {
  readonly #session: ClientHttp2Session;

  /** Begins to connect at once. @param address `host:port` */
  constructor(address: string) {
    this.#session = connect(`http://${address}`, {
      // Thousands of calls may be under way, and all of them count.
      maxSessionMemory: mebibytes,
    });
    // Each call under way is told.
    this.#session.on('error', () => undefined);
  }

  /** Whether no call can work any more. */
  get broken(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }

  /**
   * Makes a call.
   *
   * @param path `/package.Service/Method`
   * @param timeoutMs after which the other side gives up; a connection that breaks is noticed at once.
   * @throws CallError
   */
  call(path: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string, cause?: unknown): void => {
        reject(new CallError(`${path}: ${reason}`, cause === undefined ? {} : { cause }));
      };
      if (this.broken) {
        fail('the connection is gone');
        return;
      }
      const stream = this.#session.request(
        {
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: path,
          [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
          [constants.HTTP2_HEADER_TE]: 'trailers',
          'grpc-timeout': `${Math.ceil(timeoutMs)}m`,
        },
        { endStream: false },
      );
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      let outcome: IncomingHttpHeaders = {};
      stream.on('response', (headers) => {
        // A call that failed at once has nothing but headers.
        if (headers[statusField] !== undefined) outcome = headers;
      });
      stream.on('trailers', (trailers: IncomingHttpHeaders) => {
        outcome = trailers;
      });
      stream.on('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
        if (bytes > mostBytes) stream.close(constants.NGHTTP2_CANCEL);
        else chunks.push(chunk);
      });
      stream.on('error', (error: Error) => {
        fail(error.message, error);
      });
      stream.on('close', () => {
        // Whatever was settled before stays as it is.
        const status = outcome[statusField];
        if (status === undefined) fail('the call broke off');
        else if (status !== '0') fail(`status ${String(status)}, ${textOf(outcome)}`);
        else settle(chunks, resolve, fail);
      });
      stream.end(framed(message));
    });
  }

  /** Breaks it; calls under way are told. */
  close(): void {
    this.#session.destroy();
  }
}

/** A message behind its prefix. */
export function framed(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

function settle(
  chunks: readonly Uint8Array[],
  resolve: (message: Uint8Array) => void,
  fail: (reason: string) => void,
): void {
  const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const whole = body.length >= prefixBytes && view.getUint32(1) === body.length - prefixBytes;
  if (whole && body[0] === 0) resolve(body.subarray(prefixBytes));
  else fail('the answer is not one message');
}

function textOf(headers: IncomingHttpHeaders): string {
  const text = headers[messageField];
  return typeof text === 'string' ? decodeURIComponent(text) : 'no message';
}
