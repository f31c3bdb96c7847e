/** The tool as it is built. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A file of it, to be run once {@link compile} is through. */
export function built(file: string): URL {
  return new URL(`../dist/${file}`, import.meta.url);
}

/** Compiles what is stale. */
export async function compile(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(compiler), 'bin', 'tsc');
  const tool = fileURLToPath(new URL('..', import.meta.url));
  const { code, stdout } = await finish([tsc, '-b', tool]);
  if (code !== 0) throw new Error(`the program does not compile:\n${stdout}`);
}

/** Runs Node to its end. */
export async function finish(words: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, words, { stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, ...output };
}
