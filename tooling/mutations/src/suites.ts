/** Runs tests with a bug planted, and says whether they noticed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Edit, Suite } from './mutation.ts';
import { editsVariable } from './planting.ts';
import { cleanEnvironment, run } from './processes.ts';
import { type Report, verdictOf } from './report.ts';
import { root } from './root.ts';
import type { Verdict } from './verdict.ts';

/** How long it may take, and when to stop. */
export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs the tests of a suite until one fails. Without edits it is the baseline. */
export async function runSuite(
  { files, only }: Suite,
  edits: readonly Edit[],
  { timeoutMs, signal }: Patience,
): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-mutation-'));
  const file = join(folder, 'report.json');
  try {
    const { timedOut, output } = await run({
      words: [
        join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs'),
        'run',
        ...['--config', join(root, 'tooling/mutations/src/vitest.config.ts')],
        ...['--bail', '1'],
        ...['--reporter', 'json', '--outputFile', file],
        ...(only === undefined ? [] : ['--testNamePattern', only]),
        ...files,
      ],
      directory: root,
      environment: cleanEnvironment(process.env, { [editsVariable]: JSON.stringify(edits) }),
      timeoutMs,
      signal,
    });
    if (timedOut) {
      return { type: 'killed', by: { type: 'time-out', seconds: timeoutMs / 1000 } };
    }
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) {
      return { type: 'invalid', reason: `the tests left no report:\n${output.slice(-2000)}` };
    }
    return verdictOf(JSON.parse(text) as Report, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
