/** What clients that do not read can make a server hold, all together. */
import { connect as connectSocket, type Socket } from 'node:net';
import { serveClients } from '@quorate/client/server';
import { encodeFrame } from '@quorate/connections';
import {
  ByteWriter,
  concatBytes,
  FrameWriter,
  type Logger,
  type Service,
  silentLogger,
} from '@quorate/core';
import { tcpLinks } from '@quorate/transport-tcp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientServer } from '../src/server/server.ts';
import { encodeHello, frameType, preamble } from '../src/protocol/handshake.ts';
import { writeQuery } from '../src/protocol/requests.ts';

const mebibyte = 1024 * 1024;
const answer = new Uint8Array(mebibyte);

/** Answers every query at once, and much. */
const service: Service = {
  node: 'a',
  cluster: 'test',
  leader: 'a',
  maxPayloadBytes: 1_000,
  submit: () => undefined,
  query: (_query, _options, id, requester) => {
    requester.answered(id, answer);
  },
  watch: () => {
    throw new Error('not here');
  },
  onLeader: () => () => undefined,
};

let server: ClientServer;
const ends: string[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  const warn: Logger['warn'] = (_message, fields) => ends.push(String(fields?.['code']));
  server = await serveClients({
    service,
    links: tcpLinks(),
    listen: '127.0.0.1:0',
    maxHeldBytes: 16 * mebibyte,
    keepAliveMs: 20,
    closeTimeoutMs: 10,
    logger: { ...silentLogger, warn },
  });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
  ends.length = 0;
});

/** A client that never reads, and says so much. */
function client(bytes: Uint8Array): void {
  const port = Number(server.address.split(':').at(-1));
  const socket = connectSocket(port, '127.0.0.1').pause();
  sockets.push(socket);
  socket.on('error', () => undefined);
  const hello = { cluster: 'test', token: '', keepAliveMs: 60_000, maxFrameBytes: 8 * mebibyte };
  socket.write(concatBytes([preamble, encodeHello(hello), bytes]));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function queries(count: number): Uint8Array {
  const writer = new FrameWriter(new ByteWriter());
  for (let id = 1; id <= count; id++) writeQuery(writer, id, 'local', 1_000, new Uint8Array(0));
  return encodeFrame(frameType.requests, concatBytes(writer.take()));
}

describe('clients that do not read', () => {
  it('hold so much together and no more, and it is not the modest one that is cut off', async () => {
    client(queries(1));
    await until(() => server.clients === 1);
    for (let count = 0; count < 4; count++) client(queries(20));
    await until(() => ends.includes('BUSY'));
    await until(() => server.clients <= 2);
    expect(server.clients).toBeGreaterThanOrEqual(1);
    expect(new Set(ends)).toEqual(new Set(['BUSY']));
  });

  it('hold no more in frames that they never finish', async () => {
    const begun = new Uint8Array(9 + 100);
    begun[0] = frameType.requests;
    new DataView(begun.buffer).setUint32(1, 8 * mebibyte);
    for (let count = 0; count < 6; count++) client(begun);
    await until(() => server.clients === 2 && ends.length > 0);
    expect(new Set(ends)).toEqual(new Set(['BUSY']));
  });
});
