/**
 * The bug gets in where a bundler loads the file: the working tree is never touched. The same plugin
 * serves Vitest, which loads sources for the tests, and Rolldown, which bundles the simulator.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Edit, plant } from './mutation.ts';
import { root } from './root.ts';

/** As much of a plugin as both bundlers understand. */
export interface PlantingPlugin {
  readonly name: string;
  readonly enforce: 'pre';
  load(id: string): string | undefined;
}

/** @param loaded told of each file that was changed. */
export function plantingPlugin(
  edits: readonly Edit[],
  loaded: (file: string) => void = () => undefined,
): PlantingPlugin {
  const files = new Map(edits.map(({ file }) => [join(root, file), file]));
  return {
    name: 'planting',
    enforce: 'pre',
    load: (id) => {
      const [path = id] = id.split('?');
      const file = files.get(path);
      if (file === undefined) return undefined;
      loaded(file);
      return plant(file, readFileSync(path, 'utf8'), edits);
    },
  };
}

/** How the edits get to the plugin in another process. */
export const editsVariable = 'QUORATE_MUTATION';

/** The edits of this process; none where nothing is to be planted. */
export function editsOfEnvironment(environment: NodeJS.ProcessEnv): readonly Edit[] {
  const text = environment[editsVariable];
  return text === undefined ? [] : (JSON.parse(text) as readonly Edit[]);
}
