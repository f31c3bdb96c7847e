/** Bodies that are too large to be held: sent piece by piece, and never longer than the client takes them. */
import { silentLogger } from '@quorate/core';
import { connect } from 'node:net';
import { eventually } from '@quorate/harness';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpDialler } from '../src/http-client/dialler.ts';
import { download } from '../src/http-client/download.ts';
import { defaultHttpLimits, type HttpLimits } from '../src/http/limits.ts';
import { jsonReply, type Reply, type StreamBody } from '../src/http/reply.ts';
import { HttpServer } from '../src/http/server.ts';
import { openAccess } from './access.ts';
import { freeDemoPort } from './harness.ts';

const dialler = new HttpDialler({});
const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const pieceBytes = 256 * 1024;

/** A body of so many pieces, which counts what is asked of it. */
class Pieces implements StreamBody {
  readonly bytes: number;
  asked = 0;
  closed = 0;
  readonly #pieces: number;
  readonly #breaksAt: number;

  constructor(pieces: number, breaksAt: number = Infinity) {
    this.bytes = pieces * pieceBytes;
    this.#pieces = pieces;
    this.#breaksAt = breaksAt;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (let piece = 0; piece < this.#pieces; piece++) {
      if (piece === this.#breaksAt) throw new Error('the disk is gone');
      await Promise.resolve();
      this.asked += 1;
      yield Buffer.alloc(pieceBytes, piece);
    }
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

async function serve(stream: StreamBody, limits: Partial<HttpLimits> = {}): Promise<number> {
  const port = (await freeDemoPort()) + 1;
  const reply: Reply = { ...jsonReply({}), body: '', stream };
  const server = new HttpServer({
    address: { host: '127.0.0.1', port },
    limits: { ...defaultHttpLimits, ...limits },
    access: openAccess,
    handler: () => Promise.resolve(reply),
    logger: silentLogger,
  });
  servers.push(server);
  await server.listen();
  return port;
}

const urlOf = (port: number): string => `http://127.0.0.1:${String(port)}`;

describe('a body in pieces', () => {
  it('arrives whole, and as long as was said', async () => {
    const stream = new Pieces(20);
    const answer = await fetch(urlOf(await serve(stream)));
    expect(answer.headers.get('content-length')).toBe(String(stream.bytes));
    const body = Buffer.from(await answer.arrayBuffer());
    expect(body.length).toBe(stream.bytes);
    for (let piece = 0; piece < 20; piece++) expect(body[piece * pieceBytes]).toBe(piece);
    await eventually(() => (stream.closed === 1 ? true : undefined));
  });

  it('is not read for a HEAD, and let go of all the same', async () => {
    const stream = new Pieces(20);
    const answer = await fetch(urlOf(await serve(stream)), { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe(String(stream.bytes));
    await eventually(() => (stream.closed === 1 ? true : undefined));
    expect(stream.asked).toBe(0);
  });

  it('is read no faster than the client takes it, and not at all once that has gone', async () => {
    const stream = new Pieces(4_000);
    const port = await serve(stream, { replyTimeoutMs: 60_000 });
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let before = 0;
    let looks = 0;
    // Until it stands still: the buffers of the system are full.
    await eventually(() => {
      looks = stream.asked === before ? looks + 1 : 0;
      before = stream.asked;
      return before > 0 && looks >= 8 ? true : undefined;
    });
    expect(stream.asked * pieceBytes).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    await eventually(() => (stream.closed === 1 ? true : undefined));
    expect(stream.asked).toBeLessThan(4_000);
  });

  it('is cut off where the client takes nothing for too long', async () => {
    const stream = new Pieces(4_000);
    const port = await serve(stream, { replyTimeoutMs: 300 });
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => (stream.closed === 1 ? true : undefined));
    expect(stream.asked).toBeLessThan(4_000);
    socket.destroy();
  });

  it('that breaks off is not taken for a whole one', async () => {
    const stream = new Pieces(10, 5);
    const endpoint = urlOf(await serve(stream));
    let bytes = 0;
    const taking = async (): Promise<void> => {
      for await (const piece of download({ dialler, endpoint, path: '/', silenceMs: 10_000 })) {
        bytes += piece.length;
      }
    };
    await expect(taking()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(bytes).toBeLessThanOrEqual(5 * pieceBytes);
    expect(stream.closed).toBe(1);
  });
});

describe('a download', () => {
  it('ends where the node keeps silent', async () => {
    const silent: StreamBody = {
      bytes: 10,
      chunks: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
      }),
      close: () => Promise.resolve(),
    };
    const endpoint = urlOf(await serve(silent));
    const taking = download({ dialler, endpoint, path: '/', silenceMs: 200 }).next();
    await expect(taking).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('says where nobody answers', async () => {
    const endpoint = urlOf(await freeDemoPort());
    const taking = download({ dialler, endpoint, path: '/', silenceMs: 5_000 }).next();
    await expect(taking).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
});
