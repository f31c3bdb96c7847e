/** Certificates of a group: by the recipe in the README, with openssl, as a user makes them. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Authority, makeAuthority } from '@quorate/certificates';

/** Members and the client of the recipe, and the cluster that they belong to. */
export const cluster = 'shop';
const names = ['n1', 'n2', 'n3', 'web'] as const;

/** What has made them. */
export type Maker = 'openssl' | 'tooling/certificates';

/**
 * Makes `ca.pem`, and `NAME.pem` with `NAME.key` for each, in a folder. Where there is no openssl, the same ones come
 * from the library of the tests.
 */
export async function makeCertificates(folder: string): Promise<Maker> {
  if (await hasOpenssl()) {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const recipe = /<!-- certificates -->\n+```sh\n(.*?)```/s.exec(readme)?.[1] ?? 'exit 1';
    // All members on this machine.
    const here = recipe.replaceAll(/\b10\.0\.0\.\d\b/g, '127.0.0.1');
    await promisify(execFile)('/bin/sh', ['-e', '-c', here], { cwd: folder });
    return 'openssl';
  }
  const authority = await makeAuthority();
  writeFileSync(join(folder, 'ca.pem'), authority.ca);
  for (const name of names) await issue(authority, folder, name);
  return 'tooling/certificates';
}

async function issue(authority: Authority, folder: string, name: string): Promise<void> {
  const role = name === 'web' ? 'client' : 'member';
  const { cert, key } = await authority.issue({
    uris: [`quorate://${cluster}/${role}/${name}`],
    addresses: role === 'member' ? ['127.0.0.1'] : [],
  });
  writeFileSync(join(folder, `${name}.pem`), cert);
  writeFileSync(join(folder, `${name}.key`), key);
}

async function hasOpenssl(): Promise<boolean> {
  return promisify(execFile)('openssl', ['version']).then(
    () => true,
    () => false,
  );
}
