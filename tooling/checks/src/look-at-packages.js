/**
 * Looks at tarballs as npm would receive them, with publint and with "are the types wrong": in one process,
 * since loading these two takes longer than all that they look at.
 *
 *     node look-at-packages.js TARBALL…
 *
 * Prints a line of JSON a tarball: `{ "tarball": …, "complaints": [[…], […]] }`, one list for each of the two.
 */
import { readFile } from 'node:fs/promises';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { filterProblems } from '@arethetypeswrong/core/problems';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** The packages are modules and nothing else, so nobody resolves them in another way. */
const resolutions = /** @type {const} */ (['node16-esm', 'bundler']);

/**
 * @param {Buffer} tarball
 * @returns {Promise<string[]>}
 */
async function publintOf(tarball) {
  const { buffer } = new Uint8Array(tarball);
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

/**
 * @param {Buffer} tarball
 * @returns {Promise<string[]>}
 */
async function typesOf(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (analysis.types === false) return ['it has no types'];
  return resolutions.flatMap((resolutionKind) =>
    filterProblems(analysis, { resolutionKind }).map(
      (problem) => `${problem.kind}, by ${resolutionKind}: ${JSON.stringify(problem)}`,
    ),
  );
}

for (const path of process.argv.slice(2)) {
  const tarball = await readFile(path);
  const complaints = [await publintOf(tarball), await typesOf(tarball)];
  console.log(JSON.stringify({ tarball: path, complaints }));
}
