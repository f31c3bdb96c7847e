/**
 * The types of all that no build has looked at: tests, and tools in JavaScript. By TypeScript 7, which is written in
 * Go and takes a quarter of the time; what is shipped is built, and so checked, by the TypeScript that the rest of the
 * tools understand. `pnpm typecheck` has that one check everything.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root, run, tools } from './repository.js';

/** Tools in TypeScript. Tests start some as programs, and read the types of others: they are built before. */
export const typedTools = tools()
  .map(({ folder }) => folder)
  .filter((folder) => existsSync(join(root, folder, 'tsconfig.json')));

/** @returns {Promise<import('./run.js').Verdict>} a project each */
export async function types() {
  const compiler = nativeCompiler();
  const failures = [];
  let output = '';
  const projects = await unbuilt();
  for (const project of projects) {
    // Nothing is left behind: what one compiler notes of a build is not for the other.
    const traceless = ['--incremental', 'false', '--tsBuildInfoFile', 'null'];
    // On one core, as every check: the tests have the others.
    const args = [compiler, '-p', project, ...traceless, '--singleThreaded'];
    const checked = await run('node', args);
    output += checked.output;
    if (!checked.ok) failures.push(project);
  }
  return { passed: projects.length - failures.length, failed: failures.length, output, failures };
}

/** @returns {Promise<string[]>} what tsconfig.json refers to, without what is built */
export async function unbuilt() {
  const { output } = await run('tsc', ['-p', 'tsconfig.json', '--showConfig']);
  /** @type {{ references: { path: string }[] }} */
  const { references } = JSON.parse(output);
  const built = ['tsconfig.build.json', ...typedTools];
  return references
    .map(({ path }) => path.replace(/^\.\//, ''))
    .filter((path) => !built.includes(path));
}

function nativeCompiler() {
  const manifest = createRequire(import.meta.url).resolve('typescript-7/package.json');
  return join(dirname(manifest), 'bin', 'tsc');
}
