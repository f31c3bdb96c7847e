/** Everything that can be wrong from outside gets a code and a way out, and disturbs nobody. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@quorate/harness';
import { algorithmNames } from '@quorate/program';
import { describe, expect, it } from 'vitest';
import { freeDemoPort } from '../harness.ts';
import { command } from '../command.ts';

export function badInput(): void {
  describe('bad input', () => {
    it.each([
      ['an unknown flag', ['serve', '--fast'], 2, /USAGE: unknown option '--fast'.*serve --help/],
      ['an unknown command', ['sevre'], 2, /USAGE: unknown command 'sevre'/],
      ['no node', ['serve', '--data', '/nowhere'], 2, /USAGE: .*--node/],
      [
        'an unknown storage',
        ['demo', '--storage', 'tape', '--data', '/nowhere'],
        2,
        /USAGE: .*level, memory/,
      ],
      [
        'an unknown algorithm',
        ['demo', '--algorithm', 'luck', '--data', '/nowhere'],
        2,
        new RegExp(`USAGE: .* takes ${algorithmNames.join(', ')}$`, 'm'),
      ],
      ['a change of nothing', ['members', 'change'], 2, /USAGE: .*--add-voter/],
      [
        'a bad address',
        ['serve', '--node', 'n1', '--data', '/nowhere', '--http', 'x'],
        2,
        /USAGE: --http/,
      ],
      [
        'a new node without a group',
        ['serve', '--node', 'n1', '--data', '/nowhere'],
        2,
        /USAGE: .*--members/,
      ],
      [
        'a bad address for clients',
        ['serve', '--node', 'n1', '--data', '/nowhere', '--client', 'x'],
        2,
        /USAGE: --client/,
      ],
      ['a watch of nothing', ['watch'], 2, /USAGE: .*--prefix/],
      ['a watch of a key and many', ['watch', 'a', '--prefix', 'b'], 2, /USAGE: .*--prefix/],
      ['no addresses', ['get', 'a', '--client', 'http://a'], 2, /USAGE: .*127.0.0.1:7501,7502/],
      [
        'a certificate without its key',
        [
          'serve',
          '--node',
          'n1',
          '--data',
          '/nowhere',
          '--join',
          '--listen',
          'h:1',
          '--tls-ca',
          'a',
        ],
        2,
        /USAGE: --tls-cert and --tls-key missing/,
      ],
      [
        'a page that is none',
        ['serve', '--node', 'n1', '--data', '/nowhere', '--http-origins', '*'],
        2,
        /USAGE: --http-origins/,
      ],
    ] as const)('%s', async (_what, words, code, message) => {
      const result = await command(words);
      expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
      expect(result.stderr.startsWith('quorate-kv: ')).toBe(true);
    });

    it('no node that answers', async () => {
      const where = ['--client', String(await freeDemoPort()), '--timeout', '1000'];
      const output = join(await temporaryFolder(), 'file');
      const results = await Promise.all([
        command(['get', 'a', ...where]),
        command(['put', 'a', '1', ...where]),
        command(['watch', 'a', ...where]),
        command(['export', ...where, '--output', output]),
      ]);
      for (const { code, stderr } of results) {
        const message = /^quorate-kv: UNAVAILABLE: .*ECONNREFUSED/;
        expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
      }
      expect(existsSync(output)).toBe(false);
    }, 20_000);

    it('a busy port names the port and the option, and leaves nothing running', async () => {
      const port = await freeDemoPort();
      const data = await temporaryFolder();
      const busy = await listen(port + 12);
      const demo = await command(['demo', '--json', '--data', data, '--port', String(port)]);
      expect([demo.code, demo.stderr]).toEqual([
        1,
        expect.stringMatching(new RegExp(`BUSY_PORT: port ${String(port + 12)} .*--port`)),
      ]);
      expect(await readdir(data)).toEqual([]);

      const at = (offset: number): string => `127.0.0.1:${String(port + offset)}`;
      const serve = async (http: string, client: string, peer: string): Promise<string> => {
        const { code, stderr } = await command([
          ...['serve', '--node', 'n1', '--data', data, '--members', `n1=${peer}`],
          ...['--http', http, '--client', client],
        ]);
        expect(code).toBe(1);
        return stderr;
      };
      expect(await serve(at(12), at(101), at(11))).toMatch(/BUSY_PORT: .*--http/);
      expect(await serve(at(1), at(12), at(11))).toMatch(/BUSY_PORT: .*--client/);
      // Before that nothing of the node was there, and now nobody counts on it yet.
      expect(await readdir(data)).toEqual([]);
      expect(await serve(at(1), at(101), at(12))).toMatch(/BUSY_PORT: .*--listen/);
      busy.close();
    }, 30_000);
  });
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}
