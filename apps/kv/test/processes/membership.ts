/** A group changes its members while it serves. */
import { once } from 'node:events';
import { eventually } from '@quorate/harness';
import { expect, it } from 'vitest';
import { freePlace, start, stateHashes, statusOf } from '../harness.ts';
import { command } from '../command.ts';
import type { GroupOf } from './group.ts';

export function membership(group: GroupOf): void {
  it('lets a node join, vote, take over and leave while it serves', async () => {
    const { algorithm, data, demo } = group();
    const { endpoints } = demo;
    const [one = '', two = ''] = endpoints;
    const done = async (words: readonly string[], at: readonly string[] = endpoints) => {
      const { code, stdout, stderr } = await command(words, { endpoints: at });
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    await done(['put', 'a', '1']);
    const cluster = String((await statusOf(one))?.['cluster']);
    const { http, client, peer } = await freePlace();
    const where = ['--cluster', cluster, '--http', http, '--client', client, '--listen', peer];
    const how = ['--algorithm', algorithm, ...where];
    const joining = start(['serve', '--node', 'n4', '--data', data, '--join', ...how]);
    let said = '';
    for (const stream of [joining.stdout, joining.stderr]) {
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    const fourth = `http://${http}`;
    // It says what it waits for, and which command that is: it can be typed as it stands.
    const told = await eventually(() => /quorate-kv (members .*) --endpoints/.exec(said)?.[1]);
    expect(said).toContain('waits to be added to its group');
    expect(await done(told.split(' '))).toMatch(/n4 +learner/);
    expect((await stateHashes([...endpoints, fourth])).size).toBe(1);
    expect(await done(['members', 'add-voter', 'n4'])).toMatch(/n4 +voter/);

    // Whoever is asked answers with the group as it is afterwards.
    expect(await done(['members', 'transfer', 'n4'], [two])).toBe('leader n4\n');
    expect((await statusOf(fourth))?.['role']).toBe('leader');
    expect(await done(['get', 'a'], [fourth])).toBe('1');
    expect(await done(['members', 'transfer', 'n1'], [fourth])).toBe('leader n1\n');

    const nowhere = await command(['members', 'move', 'n4'], { endpoints });
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringContaining('INVALID_ARGUMENT'),
    ]);
    expect(await done(['members', 'remove', 'n4'], [two])).not.toContain('n4');
    await eventually(() => (said.includes('no member of the group any more') ? true : undefined));
    await done(['put', 'a', '2']);
    joining.kill('SIGTERM');
    await once(joining, 'exit');
  }, 60_000);
}
