/** Everything that can be wrong from outside gets a code and a way out, and disturbs nobody. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { algorithmNames } from '../../src/node/parts.ts';
import { freeDemoPort, quorate, temporaryFolder } from '../harness.ts';

export function badInput(): void {
  describe('bad input', () => {
    it.concurrent.each([
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
        'a port that fetch refuses',
        ['put', 'a', '1', '--endpoints', '127.0.0.1:1'],
        1,
        /INVALID_ARGUMENT: http:\/\/127.0.0.1:1 /,
      ],
    ] as const)(
      '%s',
      async (_what, words, code, message) => {
        const result = await quorate(words);
        expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
        expect(result.stderr.startsWith('quorate-kv: ')).toBe(true);
      },
      20_000,
    );

    it('no node that answers', async () => {
      const where = ['--endpoints', String(await freeDemoPort()), '--timeout', '1000'];
      const output = join(await temporaryFolder(), 'file');
      const results = await Promise.all([
        quorate(['get', 'a', ...where]),
        quorate(['export', ...where, '--output', output]),
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
      const demo = await quorate(['demo', '--json', '--data', data, '--port', String(port)]);
      expect([demo.code, demo.stderr]).toEqual([
        1,
        expect.stringMatching(new RegExp(`BUSY_PORT: port ${String(port + 12)} .*--port`)),
      ]);
      expect(await readdir(data)).toEqual([]);

      const members = `n1=127.0.0.1:${String(port + 12)}`;
      const serve = (http: number): Promise<{ code: number | null; stderr: string }> =>
        quorate([
          'serve',
          '--node',
          'n1',
          '--data',
          data,
          '--members',
          members,
          '--http',
          `127.0.0.1:${String(http)}`,
        ]);
      const peer = await serve(port + 1);
      expect([peer.code, peer.stderr]).toEqual([1, expect.stringMatching(/BUSY_PORT: .*--listen/)]);
      const http = await serve(port + 12);
      expect([http.code, http.stderr]).toEqual([1, expect.stringMatching(/BUSY_PORT: .*--http/)]);
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
