/** How often clients and their server write, whatever the number of calls: once a turn and connection, in one piece. */
import { type Client, connect } from '@quorate/client';
import { type ClientServer, serveClients } from '@quorate/client/server';
import type { Link, LinkHandler, Links } from '@quorate/connections';
import { ByteWriter, type Codec, type Service, writeReply } from '@quorate/core';
import { tcpLinks } from '@quorate/transport-tcp';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** What one side has written. */
interface Counts {
  writes: number;
  pieces: number;
}

/** A link that counts what is written to it. */
function counted(link: Link, counts: Counts): Link {
  return {
    get remote() {
      return link.remote;
    },
    get remoteHost() {
      return link.remoteHost;
    },
    get waitingBytes() {
      return link.waitingBytes;
    },
    get needsDrain() {
      return link.needsDrain;
    },
    get closed() {
      return link.closed;
    },
    write: (pieces) => {
      counts.writes += 1;
      counts.pieces += pieces.length;
      link.write(pieces);
    },
    end: () => {
      link.end();
    },
    destroy: () => {
      link.destroy();
    },
  };
}

function countedLinks(counts: Counts): Links {
  const links = tcpLinks();
  return {
    proves: links.proves,
    identity: links.identity,
    platform: links.platform,
    dial: (address, expected, handler) =>
      links.dial(address, expected, (link): LinkHandler => handler(counted(link, counts))),
    listen: (address, accept) => links.listen(address, (link) => accept(counted(link, counts))),
  };
}

function reply(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

const text: Codec<string> = {
  encode: (value, writer) => {
    writer.string(value);
  },
  decode: (reader) => reader.string(),
};
const machine = { commands: text, results: text, queries: text, answers: text };
const openSession = 3;
const opened = reply((writer) => {
  writeReply({ type: 'session', session: 1 }, writer);
});
const result = reply((writer) => {
  writeReply({ type: 'result' }, writer);
  writer.string('done');
});

/** Answers all commands of a turn in the next one, as a replica does that decides them together. */
const service: Service = {
  node: 'a',
  cluster: 'test',
  leader: 'a',
  maxPayloadBytes: 10_000,
  submit: (payload, _options, id, requester) => {
    setImmediate(() => {
      requester.answered(id, payload[0] === openSession ? opened : result);
    });
  },
  query: () => undefined,
  watch: () => {
    throw new Error('not here');
  },
  onLeader: () => () => undefined,
};

const connections = 20;
const rounds = 5;
const calls = 40;

const asked: Counts = { writes: 0, pieces: 0 };
const replied: Counts = { writes: 0, pieces: 0 };
let server: ClientServer;
let clients: readonly Client<string, string, string, string>[];

beforeEach(async () => {
  const keepAliveMs = 60_000;
  const links = countedLinks(replied);
  server = await serveClients({ service, links, listen: '127.0.0.1:0', keepAliveMs });
  clients = Array.from({ length: connections }, () =>
    connect({ machine, links: countedLinks(asked), endpoints: [server.address], keepAliveMs }),
  );
  await Promise.all(clients.map((client) => client.execute('first')));
  Object.assign(asked, { writes: 0, pieces: 0 });
  Object.assign(replied, { writes: 0, pieces: 0 });
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
});

it('all that is asked in a turn leaves in one piece, and so does all that is answered', async () => {
  const command = 'x'.repeat(200);
  for (let round = 0; round < rounds; round++) {
    const results = await Promise.all(
      clients.flatMap((client) => Array.from({ length: calls }, () => client.execute(command))),
    );
    expect(new Set(results)).toEqual(new Set(['done']));
  }
  const least = connections * rounds;
  expect(asked).toEqual({ writes: least, pieces: least });
  // What was asked together may have been cut by the network, once.
  expect(replied.writes).toBeLessThanOrEqual(2 * least);
  expect(replied.pieces).toBe(replied.writes);
});
