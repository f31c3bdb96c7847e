/** What the sources of a package import stands in its package.json, and what stands there is imported. */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { publishable, root, tools } from './repository.js';

/** @returns {Promise<import('./run.js').Verdict>} */
export async function dependencies() {
  const published = publishable().map((each) => ({ ...each, also: [] }));
  // Nobody installs a tool: it may as well import what stands among its devDependencies.
  const own = tools().map((each) => ({
    ...each,
    also: Object.keys(each.manifest.devDependencies ?? {}),
  }));
  const complaints = [...published, ...own].flatMap(({ folder, manifest, also }) =>
    compare(
      importsOf(join(root, folder, 'src')),
      Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
      also,
    ).map((complaint) => `${folder}: ${complaint}`),
  );
  return {
    passed: complaints.length === 0 ? 1 : 0,
    failed: complaints.length === 0 ? 0 : 1,
    output: complaints.join('\n'),
  };
}

/**
 * @param {ReadonlySet<string>} imported module names, as written
 * @param {readonly string[]} declared package names
 * @param {readonly string[]} [also] names of packages that may be imported, and need not be
 * @returns {string[]}
 */
export function compare(imported, declared, also = []) {
  const names = new Set();
  const complaints = [];
  for (const source of imported) {
    if (source.startsWith('.')) {
      continue;
    }
    if (isBuiltin(source)) {
      if (!source.startsWith('node:')) {
        complaints.push(`imports '${source}' without 'node:'`);
      }
      continue;
    }
    names.add(/^(?:@[^/]+\/)?[^/]+/.exec(source)?.[0]);
  }
  for (const name of names) {
    if (!declared.includes(name) && !also.includes(name)) {
      complaints.push(`imports ${name}, which is not in its dependencies`);
    }
  }
  // A package that has no code yet is not asked to use what it declares.
  if (imported.size > 0) {
    for (const name of declared) {
      if (!names.has(name)) {
        complaints.push(`declares ${name}, which its sources never import`);
      }
    }
  }
  return complaints;
}

/**
 * @param {string} folder
 * @returns {Set<string>}
 */
function importsOf(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.[jt]sx?$/.test(file),
  );
  return new Set(
    files.flatMap((file) =>
      ts
        .preProcessFile(readFileSync(join(folder, file), 'utf8'))
        .importedFiles.map(({ fileName }) => fileName),
    ),
  );
}
