/** One node: what it is told is checked before anything starts, and it never comes back empty. */
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { cleanUp, temporaryFolder } from '@quorate/harness';
import { expectType, ledger } from '@quorate/machine-ledger';
import { afterEach, describe, expect, it } from 'vitest';
import { openBank, perform } from '../src/bank.ts';
import { startNode } from '../src/node/node.ts';
import { command } from './command.ts';
import { single } from './single.ts';
import { freeDemoPort } from './harness.ts';

afterEach(cleanUp);

describe('a node', () => {
  it('has after a restart what it had before', async () => {
    const config = await single('level');
    const first = await startNode(config);
    const bank = openBank({ endpoints: [first.client], timeoutMs: 10_000 });
    await perform(bank, ledger.open({ id: 'vault', currency: 'EUR' }));
    await first.close();
    const second = await startNode(config);
    const answer = await bank.query(ledger.account('vault'));
    expect(expectType(answer, 'account').account.currency).toBe('EUR');
    await bank.close();
    await second.close();
  });

  it('does not come back without its log', async () => {
    const config = await single('file');
    await (await startNode(config)).close();
    await rm(join(config.data, 'n1', 'log'), { recursive: true });
    const lost = { code: 'STATE_LOST', message: expect.stringMatching(/log is gone/) as string };
    await expect(startNode(config)).rejects.toMatchObject(lost);
  });

  it('does not come back at all where it had its log in memory', async () => {
    const config = await single('memory');
    await (await startNode(config)).close();
    const lost = { code: 'STATE_LOST', message: expect.stringMatching(/was memory/) as string };
    await expect(startNode(config)).rejects.toMatchObject(lost);
  });

  it('names the flag of a port that is busy, and leaves nothing running', async () => {
    const config = await single('file');
    const [{ address = '' } = {}] = config.members;
    const busyPeer = await listen(address);
    await expect(startNode(config)).rejects.toMatchObject({
      code: 'BUSY_PORT',
      message: expect.stringMatching(/another program listens on .*--listen/) as string,
    });
    busyPeer.close();
    const busyClient = await listen(config.client);
    await expect(startNode(config)).rejects.toMatchObject({
      code: 'BUSY_PORT',
      message: expect.stringMatching(/another program listens on .*--client/) as string,
    });
    busyClient.close();
    await (await startNode(config)).close();
  });
});

describe('a command line that makes no sense', () => {
  const serve = ['serve', '--node', 'n1', '--members'];
  it.each([
    ['an unknown flag', ['balance', '--fast'], /unknown option '--fast'; see quorate-bank balance/],
    ['an unknown command', ['blance'], /unknown command 'blance'.*see quorate-bank --help/],
    ['no members', ['serve', '--node', 'n1'], /--members/],
    ['members without addresses', [...serve, 'n1,n2'], /--members: it must be NODE=HOST:PORT/],
    ['a bad address', [...serve, 'n1=somewhere'], /--members: it must be HOST:PORT/],
    ['members without the node', [...serve, 'n2=127.0.0.1:1'], /--members must name this node, n1/],
    ['a node twice', [...serve, 'n1=127.0.0.1:1,n1=127.0.0.1:2'], /--members: it: .*n1/],
    [
      'an unknown storage',
      [...serve, 'n1=127.0.0.1:1', '--storage', 'tape'],
      /--storage takes file, level, memory/,
    ],
    [
      'an unknown algorithm',
      [...serve, 'n1=127.0.0.1:1', '--algorithm', 'luck'],
      /--algorithm takes raft, paxos/,
    ],
    [
      'certificates without a key',
      [...serve, 'n1=127.0.0.1:1', '--tls-ca', 'a', '--tls-cert', 'b'],
      /--tls-key missing: /,
    ],
    [
      'certificates of an unknown kind',
      [...serve, 'n1=127.0.0.1:1', '--client-certificates', 'maybe'],
      /--client-certificates takes required, optional, none/,
    ],
    ['a certificate to show without its key', ['verify', '--tls-cert', 'a'], /go together/],
    ['a demo that would forget', ['demo', '--storage', 'memory'], /choose a durable one/],
    ['a port out of range', ['demo', '--port', '65535'], /--port must be from 1 to 65522/],
    ['no currency', ['open', 'alice'], /--currency/],
    [
      'an unknown limit',
      ['open', 'a', '--currency', 'E', '--limit', 'x'],
      /Allowed choices are none/,
    ],
    ['an index that is none', ['balance', 'a', '--as-of', '-1'], /a whole number from 1/],
    ['endpoints that are none', ['balance', 'a', '--endpoints', 'x'], /must be a list like/],
    ['a head that is none', ['verify', '--published', '3:x'], /LENGTH:HEAD/],
  ])('is told so: %s', async (_what, words, message) => {
    const { code, stderr } = await command(words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).toMatch(/^quorate-bank: USAGE: [^\n]*\n$/);
  });
});

describe('a command', () => {
  it('says that no node answers', async () => {
    const where = ['--endpoints', `127.0.0.1:${String(await freeDemoPort())}`, '--timeout', '300'];
    const message = /UNAVAILABLE: no node answers at .*ECONNREFUSED.*--endpoints/;
    for (const words of [
      ['balance', 'alice'],
      ['open', 'alice', '--currency', 'EUR'],
    ]) {
      const { code, stderr } = await command([...words, ...where]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    }
  });

  it('says what is the matter with a file', async () => {
    const folder = await temporaryFolder();
    const { code, stderr } = await command(['verify', join(folder, 'missing')]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^quorate-bank: IO_FAILED: ENOENT/)]);
  });
});

function listen(address: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(Number(address.split(':')[1]), '127.0.0.1', () => resolve(server));
  });
}
