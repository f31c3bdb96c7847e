/** What a group does for its clients while nothing fails, whatever its algorithm. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, temporaryFolder } from '@quorate/harness';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePlace, quorate, start, stateHashes, statusOf } from '../harness.ts';
import type { GroupOf } from './group.ts';

const fixture = fileURLToPath(new URL('../fixtures/status', import.meta.url));
const machineStatus = '/var/lib/dpkg/status';

export function running(group: GroupOf): void {
  describe('while nothing fails', () => {
    let endpoints: readonly string[] = [];
    beforeAll(() => {
      ({ endpoints } = group().demo);
    });

    it('counts what its parts do, down to the disk', async () => {
      const text = await (await fetch(`${endpoints[0] ?? ''}/metrics`)).text();
      for (const type of [
        'quorate_frames_sent_total counter',
        'quorate_requests_pending gauge',
        'quorate_request_pending_bytes gauge',
        'quorate_snapshots_sending gauge',
        'quorate_http_reply_held_bytes gauge',
        'quorate_clients_connected gauge',
        'quorate_tcp_socket_writes_total counter',
        'quorate_file_syncs_total counter',
      ]) {
        expect(text).toContain(`# TYPE ${type}\n`);
      }
      // A number that goes up and down has no place among those that only grow.
      expect(text).not.toMatch(/(pending|sending|held|under_way|connected)\w*_total/);
    });

    it('takes dpkg stanzas, and gives them back byte for byte', async () => {
      expect(
        (await quorate(['import', fixture, '--dpkg', '--prefix', 'f/'], { endpoints })).code,
      ).toBe(0);
      const keys = await quorate(['range', 'f/', '--keys-only'], { endpoints });
      expect(keys.stdout.trimEnd().split('\n')).toEqual([
        'f/adduser',
        'f/libc6',
        'f/libc6:i386',
        'f/libc6:i386=2.31-13',
        'f/zlib1g',
      ]);
      const exported = await quorate(['export', '--dpkg', '--prefix', 'f/'], { endpoints });
      expect(exported.stdout).toBe(await readFile(fixture, 'utf8'));

      if (existsSync(machineStatus)) {
        const original = await readFile(machineStatus);
        const all = await quorate(['import', '-', '--dpkg', '--prefix', 'm/'], {
          endpoints,
          input: original,
        });
        expect(all.code, all.stderr).toBe(0);
        const back = await quorate(['export', '--dpkg', '--prefix', 'm/'], { endpoints });
        // The order of the file need not be that of the keys: compare stanza by stanza.
        expect(stanzasOf(back.bytes)).toEqual(stanzasOf(original));
      }
    }, 60_000);

    it('stops an import at a malformed line, with everything before it and nothing after it', async () => {
      const folder = await temporaryFolder();
      const file = join(folder, 'bad.ndjson');
      await writeFile(file, '{"key":"a","value":"1"}\n{"key":"b"}\n{"key":"c","value":"3"}\n');
      const stopped = await quorate(['import', file, '--prefix', 'bad/'], { endpoints });
      expect(stopped.code).toBe(1);
      expect(stopped.stderr).toContain('quorate-kv: MALFORMED: line 2: ');
      const range = await quorate(['range', 'bad/', '--json'], { endpoints });
      expect(range.stdout).toBe('{"key":"bad/a","value":"1"}\n');

      const skipping = await quorate(['import', file, '--prefix', 'bad/', '--skip-invalid'], {
        endpoints,
      });
      expect([skipping.code, skipping.stderr]).toEqual([0, expect.stringContaining('1 skipped')]);
      expect((await quorate(['get', 'bad/c'], { endpoints })).stdout).toBe('3');
    }, 60_000);

    it('refuses requests over their limits, and what is no JSON', async () => {
      const [one = ''] = endpoints;
      const error = async (path: string, init: RequestInit): Promise<unknown> => {
        const answer = await fetch(`${one}${path}`, init);
        const { error: told } = (await answer.json()) as { error: { code: string } };
        return [answer.status, told.code];
      };
      const mib = 1024 * 1024;
      const largest = await fetch(`${one}/v1/kv/large`, {
        method: 'PUT',
        body: Buffer.alloc(mib, 'x'),
      });
      expect(largest.status).toBe(200);
      expect(await error('/v1/kv/large', { method: 'PUT', body: Buffer.alloc(mib + 1) })).toEqual([
        413,
        'TOO_LARGE',
      ]);
      expect(await error(`/v1/kv/${'k'.repeat(2_000)}`, { method: 'PUT', body: 'x' })).toEqual([
        400,
        'INVALID_ARGUMENT',
      ]);
      expect(await error('/v1/txn', { method: 'POST', body: '{"then":' })).toEqual([
        400,
        'MALFORMED',
      ]);
      const cli = await quorate(['put', 'a', '-'], {
        endpoints: [one],
        input: Buffer.alloc(mib + 1),
      });
      expect([cli.code, cli.stderr]).toEqual([1, expect.stringContaining('TOO_LARGE')]);
      const got = await fetch(`${one}/v1/kv/large`);
      expect((await got.arrayBuffer()).byteLength).toBe(mib);
    }, 60_000);

    it('is not disturbed by strangers at its ports', async () => {
      const [one = '', two = ''] = await peersOf(endpoints);
      const { http, client, peer: own } = await freePlace();
      // Not the protocol at all, and a frame that claims to be enormous.
      await sayTo(one, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await sayTo(one, Buffer.alloc(64, 0xff));
      // A node of another cluster that takes n2 for one of its own.
      const stranger = start([
        ...['serve', '--node', 'n1', '--data', await temporaryFolder(), '--cluster', 'other'],
        ...['--http', http, '--client', client, '--members', `n1=${own},n2=${two}`],
      ]);
      let logged = '';
      stranger.stderr?.on('data', (chunk: Buffer) => {
        logged += chunk.toString();
      });
      await eventually(() => (logged.includes('OTHER_CLUSTER') ? true : undefined));
      const before = await statusOf(endpoints[0] ?? '');
      expect((await quorate(['put', 'calm', '1'], { endpoints })).code).toBe(0);
      expect((await stateHashes(endpoints)).size).toBe(1);
      const after = await statusOf(endpoints[0] ?? '');
      expect([after?.['epoch'], after?.['leader']]).toEqual([
        before?.['epoch'],
        before?.['leader'],
      ]);
      stranger.kill('SIGTERM');
    }, 60_000);
  });
}

async function peersOf(endpoints: readonly string[]): Promise<readonly string[]> {
  return Promise.all(endpoints.map(async (http) => String((await statusOf(http))?.['peer'])));
}

/** Sends bytes to an address, and waits until it hangs up. */
function sayTo(address: string, bytes: Uint8Array): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => socket.write(bytes));
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.once('close', () => {
      resolve();
    });
  });
}

function stanzasOf(file: Buffer): readonly string[] {
  return file
    .toString('latin1')
    .split('\n\n')
    .filter((stanza) => stanza !== '')
    .sort();
}
