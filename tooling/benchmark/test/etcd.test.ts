/** The client of etcd that is made by hand, against a server of HTTP/2 that knows what the bytes should be. */
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { openEtcd } from '../src/etcd/etcd-connection.ts';
import { CallError, framed, GrpcConnection } from '../src/etcd/grpc.ts';
import { bytesField, bytesOf, fieldsOf, numberField } from '../src/etcd/protobuf.ts';
import type { Connection } from '../src/load/connection.ts';

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('messages', () => {
  it('have the bytes that the format says', () => {
    // The examples of the format's own documentation: `150` and `testing`.
    expect([...numberField(1, 150)]).toEqual([0x08, 0x96, 0x01]);
    expect([...bytesField(2, ascii('test'), ascii('ing'))]).toEqual([
      ...[0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
    ]);
  });

  it('are read again, with what they do not know', () => {
    const long = new Uint8Array(300).fill(7);
    const unknown = [0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
    const message = Buffer.concat([
      numberField(1, 2 ** 40),
      Uint8Array.from(unknown),
      bytesField(99, ascii('old')),
      bytesField(99, long),
    ]);
    const fields = fieldsOf(message);
    expect(fields[0]).toEqual({ number: 1, value: 2 ** 40 });
    expect(bytesOf(fields, 99)).toEqual(Buffer.from(long));
    expect(bytesOf(fields, 1)).toBeUndefined();
    expect(bytesOf(fields, 2)).toBeUndefined();
  });

  it.each([
    { bytes: [0x12, 0x07, 0x74], what: 'a field that is cut off' },
    { bytes: [0x08, 0x80], what: 'a number that is cut off' },
    { bytes: [0x08, ...new Array<number>(12).fill(0xff)], what: 'a number without an end' },
    { bytes: [0x0b], what: 'a group' },
  ])('refuse $what', ({ bytes }) => {
    expect(() => fieldsOf(Uint8Array.from(bytes))).toThrow(RangeError);
  });
});

interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

type Answer = (stream: ServerHttp2Stream, call: Call) => void;

const servers: Http2Server[] = [];
const connections: { close(): unknown }[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Answers every call, and remembers it. */
async function serve(
  answer: Answer,
): Promise<{ readonly address: string; readonly calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer();
  servers.push(server);
  server.on('stream', (stream, headers) => {
    const chunks: Uint8Array[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Uint8Array) => void chunks.push(chunk));
    stream.on('end', () => {
      const call = { path: String(headers[':path']), headers, body: Buffer.concat(chunks) };
      calls.push(call);
      answer(stream, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return { address: `127.0.0.1:${address.port}`, calls };
}

const answerWith =
  (
    message: Uint8Array,
    trailers: Readonly<Record<string, string>> = { 'grpc-status': '0' },
  ): Answer =>
  (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ ...trailers });
    });
    stream.end(framed(message));
  };

function connected(...addresses: readonly string[]): Connection {
  const connection = openEtcd(addresses);
  connections.push(connection);
  return connection;
}

describe('the client of etcd', () => {
  it('puts', async () => {
    const { address, calls } = await serve(answerWith(new Uint8Array()));
    await connected(address).put('k1', ascii('vv'));
    expect(calls).toHaveLength(1);
    const [call] = calls;
    expect(call?.path).toBe('/etcdserverpb.KV/Put');
    expect(call?.headers).toMatchObject({
      ...{ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' },
      'grpc-timeout': '30000m',
    });
    expect([...(call?.body ?? [])]).toEqual([
      ...[0, 0, 0, 0, 8],
      ...[0x0a, 2, 0x6b, 0x31, 0x12, 2, 0x76, 0x76],
    ]);
  });

  it('puts many in one transaction', async () => {
    const { address, calls } = await serve(answerWith(new Uint8Array()));
    await connected(address).putAll(['a', 'b'], ascii('v'));
    expect(calls[0]?.path).toBe('/etcdserverpb.KV/Txn');
    const put = (key: number): readonly number[] => [0x0a, 1, key, 0x12, 1, 0x76];
    expect([...(calls[0]?.body ?? [])]).toEqual([
      ...[0, 0, 0, 0, 20],
      ...[0x12, 8, 0x12, 6, ...put(0x61)],
      ...[0x12, 8, 0x12, 6, ...put(0x62)],
    ]);
  });

  it('reads, linearizably or not', async () => {
    const pair = Buffer.concat([
      bytesField(1, ascii('k')),
      numberField(2, 7),
      bytesField(5, ascii('value')),
    ]);
    const header = bytesField(1, numberField(1, 2 ** 63 + 2 ** 40));
    const { address, calls } = await serve(
      answerWith(Buffer.concat([header, bytesField(2, pair), numberField(4, 1)])),
    );
    const connection = connected(address);
    expect(await connection.read('k', 'linearizable')).toEqual(ascii('value'));
    expect(await connection.read('k', 'local')).toEqual(ascii('value'));
    expect(calls.map(({ path }) => path)).toEqual(new Array(2).fill('/etcdserverpb.KV/Range'));
    expect(calls.map(({ body }) => [...body.subarray(5)])).toEqual([
      [0x0a, 1, 0x6b],
      [0x0a, 1, 0x6b, 0x38, 1],
    ]);
  });

  it('finds nothing where there is nothing', async () => {
    const { address } = await serve(answerWith(bytesField(1, new Uint8Array())));
    expect(await connected(address).read('k', 'linearizable')).toBeUndefined();
  });

  it('says what was refused, with or without an answer before', async () => {
    const trailers = { 'grpc-status': '14', 'grpc-message': 'etcdserver: leader%20changed' };
    const late = await serve(answerWith(new Uint8Array(), trailers));
    const refused = connected(late.address).put('k', ascii('v'));
    await expect(refused).rejects.toThrow(/Put: status 14, etcdserver: leader changed/);
    await expect(refused).rejects.toBeInstanceOf(CallError);
    const early = await serve((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true });
    });
    await expect(connected(early.address).put('k', ascii('v'))).rejects.toThrow(/status 8/);
  });

  it.each([
    { answer: Uint8Array.from([0, 0, 0, 0, 9, 1]), what: 'is cut off' },
    { answer: Uint8Array.from([1, 0, 0, 0, 0]), what: 'is compressed' },
    { answer: new Uint8Array(), what: 'is empty' },
  ])('takes no answer that $what', async ({ answer }) => {
    const { address } = await serve((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers({ 'grpc-status': '0' });
      });
      stream.end(answer);
    });
    await expect(connected(address).put('k', ascii('v'))).rejects.toThrow(/not one message/);
  });

  it('goes to the next node when one is lost, and makes no call twice', async () => {
    const lost = await serve((stream) => {
      stream.session?.destroy();
    });
    const there = await serve(answerWith(new Uint8Array()));
    const connection = connected(lost.address, there.address);
    await expect(connection.put('k', ascii('1'))).rejects.toBeInstanceOf(CallError);
    expect(there.calls).toHaveLength(0);
    await connection.put('k', ascii('2'));
    expect([lost.calls.length, there.calls.length]).toEqual([1, 1]);
  });

  it('rejects what is under way when it is closed, and what comes then', async () => {
    const { address } = await serve(() => undefined);
    const connection = new GrpcConnection(address);
    const call = connection.call('/a.B/C', new Uint8Array(), 1000);
    connection.close();
    await expect(call).rejects.toBeInstanceOf(CallError);
    await expect(connection.call('/a.B/C', new Uint8Array(), 1000)).rejects.toThrow(/is gone/);
  });
});
