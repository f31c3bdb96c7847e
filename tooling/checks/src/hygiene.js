/** No file names the machine or the registry it was made on, and the lock file is the same everywhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './repository.js';

const lockFile = 'pnpm-lock.yaml';

/** Homes and workplaces of people and machines. The names are joined here so that this line is none. */
const machinePath = new RegExp(
  `(?<![\\w.\\-/}*])/(?:${['home', 'root', 'Users', 'work', 'mnt', 'builds'].join('|')})/[\\w.-]`,
);

const registryHost =
  /\b(?:registry|npm|packages?|artifactory|nexus|verdaccio)\.[\w.-]*\b(?:com|org|net|io|dev|cn|local|internal|lan)\b|:\/\/[^/\s]*(?:artifactory|verdaccio)/i;

/** @returns {Promise<import('./run.js').Verdict>} */
export async function hygiene() {
  // What is tracked, and what would be after `git add .`.
  const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  if (!listed.ok) {
    return { passed: 0, failed: 1, output: listed.output };
  }
  const files = [...new Set(listed.output.split('\0'))].filter((file) => file !== '');
  const complaints = files.flatMap((file) => {
    const text = read(file);
    return text === undefined
      ? []
      : inspect(file, text).map(({ line, complaint }) => `${file}:${line}: ${complaint}`);
  });
  return {
    passed: complaints.length === 0 ? 1 : 0,
    failed: complaints.length === 0 ? 0 : 1,
    output: complaints.join('\n'),
  };
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {{ line: number, complaint: string }[]}
 */
export function inspect(file, text) {
  return text.split('\n').flatMap((content, index) => {
    const complaints = [];
    if (machinePath.test(content)) {
      complaints.push('names a path of one machine');
    }
    if (registryHost.test(content)) {
      complaints.push('names a package registry');
    }
    if (file === lockFile && /\btarball:|resolution:.*:\/\//.test(content)) {
      complaints.push('names a download address');
    }
    return complaints.map((complaint) => ({ line: index + 1, complaint }));
  });
}

/**
 * @param {string} file
 * @returns {string | undefined} undefined for what is no text, or was deleted and not yet committed so
 */
function read(file) {
  try {
    const bytes = readFileSync(join(root, file));
    return bytes.includes(0) ? undefined : bytes.toString('utf8');
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'EISDIR')
    ) {
      return undefined;
    }
    throw error;
  }
}
