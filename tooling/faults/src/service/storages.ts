/** Which storages the service offers. */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Stage } from '../scenarios/stage.ts';

const program = fileURLToPath(new URL('../../../../apps/kv/dist/bin.js', import.meta.url));

/** What `quorate-kv serve --storage` takes, in its own words. */
export async function storagesOfService(stage: Stage): Promise<readonly string[]> {
  const folder = await stage.folder();
  const data = join(folder, 'data');
  // It ends before it does anything: there is no storage of that name.
  const words = ['serve', '--node', 'n1', '--data', data, '--members', 'n1=127.0.0.1:1'];
  const child = stage.start({
    command: [process.execPath, program, ...words, '--storage', '?'],
    timeoutMs: 30_000,
  });
  const { stderr } = await child.ended;
  await stage.remove(folder);
  const [, names] = /--storage takes ([\w, -]+)/.exec(stderr) ?? [];
  if (names === undefined) throw new Error(`quorate-kv does not say what it offers: ${stderr}`);
  return names.split(',').map((name) => name.trim());
}
