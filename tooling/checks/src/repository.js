/** The repository as the checks see it: where it is, what lies in it, and how to run its tools. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Manifest what the checks read of a package.json
 * @property {string} name
 * @property {boolean} [private]
 * @property {Record<string, string | { types?: string }>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [devDependencies]
 *
 * @typedef {object} Package
 * @property {string} folder relative to the root: `packages/raft`
 * @property {Manifest} manifest
 */

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Whatever the checks leave behind; ignored by git. */
export const cache = join(root, 'node_modules', '.cache', 'quorate');

/** @returns {Package[]} every package and app that is published */
export function publishable() {
  return ['packages', 'apps']
    .flatMap(foldersIn)
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** @returns {Package[]} every tool, such as the benchmark; none is published */
export function tools() {
  return foldersIn('tooling')
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}

/**
 * @param {string} house
 * @returns {string[]}
 */
function foldersIn(house) {
  return readdirSync(join(root, house)).map((folder) => `${house}/${folder}`);
}

/**
 * @param {string} folder
 * @returns {Manifest}
 */
function readManifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}

/**
 * @typedef {object} Ran
 * @property {boolean} ok
 * @property {string} output stdout and stderr as they came, unless they were shown live
 */

/**
 * Runs a tool of the repository by its own name, as a script of package.json would.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {boolean} [options.live] show the output as it comes instead of returning it
 * @param {Record<string, string>} [options.env] what it finds in its environment beside all that is there
 * @returns {Promise<Ran>}
 */
export function run(command, args, { live = false, env = {} } = {}) {
  const bins = [root, join(root, 'tooling', 'checks')].map((at) =>
    join(at, 'node_modules', '.bin'),
  );
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
      shell: process.platform === 'win32',
      env: { ...process.env, ...env, PATH: [...bins, process.env['PATH']].join(delimiter) },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      resolve({ ok: false, output: `${output}${error.message}\n` });
    });
    child.on('close', (code) => {
      resolve({ ok: code === 0, output });
    });
  });
}

/**
 * One short name for the content of some files: a cache that is kept under it is never stale.
 * @param {readonly string[]} files
 */
export function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
