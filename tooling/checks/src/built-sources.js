/**
 * Has tests run on what is built, although they import sources: `../src/engine.ts` is then `../dist/engine.js`.
 *
 * Node links these by itself. Whatever Vitest links costs a call each time an import is used, and is translated once
 * more in each of its processes: without it all tests take a tenth less. Above all they are then about the very files
 * that npm receives.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What Node is to link. For `server.deps.external`. */
export const builtFiles = /\/(?:packages|apps|tooling)\/[^/]+\/dist\/.*\.js$/;

/** @returns {import('vitest/config').Plugin} */
export function builtSources() {
  return {
    name: 'built-sources',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!source.startsWith('.') || importer === undefined) return undefined;
      const [from = ''] = importer.split('?');
      const file = builtFrom(resolve(dirname(from), source));
      if (file !== undefined && !existsSync(file)) {
        throw new Error(
          `${file} is not there: build first (npx pnpm@10 build), or test the sources`,
        );
      }
      return file;
    },
  };
}

/**
 * @param {string} path of a file, with either kind of slash
 * @returns {string | undefined} undefined if nothing is built from it
 */
export function builtFrom(path) {
  const source = /^(.*\/(?:packages|apps|tooling)\/[^/]+)\/src\/(.*)\.ts$/.exec(
    path.replaceAll('\\', '/'),
  );
  return source === null ? undefined : `${source[1]}/dist/${source[2]}.js`;
}
