/** From words to rows: runs one benchmark, says how far it is, and prints what came of it. */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { UsageError } from './option-values.ts';
import { help, type Order, parse } from './options.ts';
import { plotOf } from './results/plot.ts';
import { jsonLine, type Row } from './results/row.ts';
import { tableOf } from './results/table.ts';
import { measureFloors } from './runs/floor.ts';
import { Stage } from './runs/stage.ts';

/** Where a program speaks, and how it is told to stop. */
export interface Surroundings {
  /** Rows go here, and nothing else. */
  readonly print: (text: string) => void;
  /** Everything that is said meanwhile. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Exit codes, as shells have them. */
const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Runs; gives the exit code. Whatever was started is gone then. */
export async function main(
  words: readonly string[],
  { print, say, signal }: Surroundings,
): Promise<number> {
  try {
    const order = parse(words);
    if (order.type === 'help') print(help);
    else await run(order, { print, say, signal });
    return exitCodes.done;
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    if (error instanceof UsageError) {
      say(`${error.message}\n\n${help}`);
      return exitCodes.usage;
    }
    say(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return exitCodes.failed;
  }
}

async function run(
  { name, benchmark, settings, json, svg }: Extract<Order, { readonly type: 'run' }>,
  { print, say, signal }: Surroundings,
): Promise<void> {
  const stage = new Stage(settings.directory);
  const interrupt = (): void => {
    stage.interrupt();
  };
  signal.addEventListener('abort', interrupt, { once: true });
  say(`${surroundings()}\n`);
  try {
    const progress = (line: string): void => {
      say(`${line}\n`);
    };
    const context = { settings, stage, progress };
    const rows: Row[] = [];
    const floors = async (when: 'before' | 'after'): Promise<void> => {
      if (settings.floors) rows.push(...(await measureFloors(context, name, when)));
    };
    await floors('before');
    rows.push(...(await benchmark.run(context)));
    await stage.clear();
    await floors('after');
    print(json ? rows.map((row) => `${jsonLine(row)}\n`).join('') : tableOf(rows));
    if (svg !== undefined) await writeFile(svg, plotOf(`${name}: ${surroundings()}`, rows));
  } finally {
    signal.removeEventListener('abort', interrupt);
    await stage.clear();
  }
}

/** What figures mean little without. */
function surroundings(): string {
  const all = cpus();
  return `Node ${process.versions.node}, ${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}`;
}
