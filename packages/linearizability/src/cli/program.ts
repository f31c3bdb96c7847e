/** What the program does: a verdict a file, and how every failure is told. */
import { check } from '../check.ts';
import { formatHistory } from '../format.ts';
import type { History } from '../operation.ts';
import { violationPage } from '../picture/page.ts';
import { describeViolation } from '../picture/words.ts';
import type { Verdict } from '../verdict.ts';
import { readHistory, writePage } from './files.ts';
import { type Request, requestOf, told, usage } from './flags.ts';

/** Exit codes. A violation in one file outweighs another that is unknown. */
export const exitCodes = { ok: 0, violation: 1, unknown: 2 } as const;

/** Where the program writes, and what it reads as `-`. */
export interface World {
  write(text: string): void;
  complain(text: string): void;
  readonly stdin: AsyncIterable<Uint8Array>;
}

/** What is told of a file. */
interface Told {
  readonly file: string;
  readonly verdict: 'ok' | 'violation' | 'unknown' | 'unreadable';
  /** In words. */
  readonly text: string;
  readonly [more: string]: unknown;
}

/**
 * Runs a command line, and returns the exit code.
 *
 * @param words the arguments, without node and program
 */
export async function run(words: readonly string[], world: World): Promise<number> {
  let request: Request | 'help';
  try {
    request = requestOf(words);
  } catch (error) {
    world.complain(
      `quorate-linearizability: USAGE: ${told(error).message}; see quorate-linearizability --help\n`,
    );
    return exitCodes.unknown;
  }
  if (request === 'help') {
    world.write(usage);
    return exitCodes.ok;
  }
  const verdicts = new Set<Told['verdict']>();
  for (const file of request.files) {
    const { text, ...rest } = await verdictOf(file, request, world);
    verdicts.add(rest.verdict);
    world.write(
      request.json
        ? `${JSON.stringify({ ...rest, text })}\n`
        : `${file}: ${rest.verdict}: ${text.replaceAll(/[\r\n]+/g, ' ')}\n`,
    );
  }
  if (verdicts.has('violation')) return exitCodes.violation;
  return verdicts.size === 1 && verdicts.has('ok') ? exitCodes.ok : exitCodes.unknown;
}

async function verdictOf(file: string, request: Request, world: World): Promise<Told> {
  const { model } = request;
  let verdict: Verdict<unknown>;
  try {
    const history = await readHistory(file, world.stdin, request.parse);
    verdict = check(model, history, request.check);
  } catch (error) {
    const { code, message } = told(error);
    return { file, verdict: 'unreadable', text: `${code}: ${message}`, code };
  }
  const { operations, partitions, configurations } = verdict;
  const work = { operations, partitions, configurations };
  switch (verdict.verdict) {
    case 'ok':
      return {
        ...{ file, verdict: 'ok', ...work },
        text: `${operations} operations, ${partitions} part${partitions === 1 ? '' : 's'}, ${configurations} configurations`,
      };
    case 'unknown': {
      const { why, partition } = verdict;
      const part = partition === undefined ? '' : `key ${partition}: `;
      const remedy =
        why === 'timeout' ? 'raise --timeout-ms' : 'raise --max-configurations, if memory allows';
      const text = `${part}given up after ${configurations} configurations (${why}); ${remedy}, or check a shorter history`;
      return { file, verdict: 'unknown', text, ...work, why, partition };
    }
    case 'violation': {
      const { violation } = verdict;
      const lines = formatHistory(violation.core.operations);
      const page = violationPage(model, violation, { source: file, lines });
      const picture = await drawn(file, page, request, world);
      const words = describeViolation(model, violation);
      return {
        ...{ file, verdict: 'violation', ...work },
        text: picture === undefined ? words : `${words}; picture: ${picture}`,
        ...{ partition: violation.partition, picture, core: linesOf(violation.core.operations) },
      };
    }
  }
}

/** Where the page was written; a page that cannot be written does not change the verdict. */
async function drawn(
  file: string,
  page: string,
  { pictures }: Request,
  world: World,
): Promise<string | undefined> {
  if (!pictures.wanted) return undefined;
  try {
    return await writePage(file, pictures.folder, page);
  } catch (error) {
    const { message } = told(error);
    world.complain(
      `quorate-linearizability: IO_FAILED: no picture of ${file}: ${message}; choose a folder with --picture\n`,
    );
    return undefined;
  }
}

function linesOf(history: History): readonly unknown[] {
  return formatHistory(history)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
