/** Import and export of real files, through a failure of the leader. */
import { createWriteStream, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually, finish, kill, temporaryFolder } from '@quorate/harness';
import { expect, it } from 'vitest';
import { quorate, start, stateHashes } from '../harness.ts';
import type { GroupOf } from './group.ts';

const records = 15_000;

export function importAndExport(group: GroupOf): void {
  it('imports a file though its leader is killed half-way, and exports every record byte for byte', async () => {
    const folder = await temporaryFolder();
    const { demo } = group();
    const input = join(folder, 'input.ndjson');
    const expected = await writeRecords(input);
    const leader = await demo.leader();

    const importing = start(['import', input, '--prefix', 'data/'], demo.endpoints);
    const imported = finish(importing);
    // Half-way: when some are in, and most are not.
    await eventually(async () => {
      const page = await fetch(
        `${leader.http}/v1/kv?prefix=data/&limit=1&count=true&keysOnly=true&consistency=local`,
      );
      const { count } = (await page.json()) as { readonly count: number };
      return count > records / 10 ? count : undefined;
    });
    kill(leader.pid);
    const { code, stderr } = await imported;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`${String(records)} records`);

    const output = join(folder, 'output.ndjson');
    const rest = demo.endpoints.filter((http) => http !== leader.http);
    const exported = await quorate(['export', '--prefix', 'data/', '--output', output], {
      endpoints: rest,
    });
    expect(exported.code, exported.stderr).toBe(0);
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBe(records);
    expect(new Set(lines)).toEqual(expected);

    // The log of the others no longer reaches back to where the killed node stopped: it needs a
    // snapshot.
    for (const http of rest) {
      expect((await fetch(`${http}/v1/snapshot`, { method: 'POST' })).status).toBe(200);
    }
    await demo.heal();
    expect((await stateHashes(demo.endpoints)).size).toBe(1);
  }, 90_000);
}

/** Writes records of many kinds, and gives the lines that an export must consist of. */
async function writeRecords(path: string): Promise<ReadonlySet<string>> {
  const file = createWriteStream(path);
  const lines = new Set<string>();
  for (let item = 0; item < records; item++) {
    const key = `key-${String(item).padStart(6, '0')}`;
    const line =
      item % 10 === 0
        ? JSON.stringify({
            key,
            valueBase64: Buffer.of(0xff, item & 0xff, 0x00, 0xfe).toString('base64'),
          })
        : JSON.stringify({ key, value: `value ${String(item)} äöü "\n` + 'x'.repeat(item % 500) });
    lines.add(line);
    if (!file.write(`${line}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  return lines;
}
