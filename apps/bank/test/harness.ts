/**
 * The bank under test as a built program.
 */
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import {
  builtProgram,
  finish,
  type Finished,
  freePort,
  JsonLines,
  type JsonLine,
  startProcess,
  temporaryFolder,
} from '@quorate/harness';

const bank = builtProgram('apps/bank');
/** Builds it. */
export const build = (): Promise<void> => bank.build();

/** Starts the program. @param temporary where it makes folders for itself. */
export function start(words: readonly string[], temporary: string = tmpdir()): ChildProcess {
  const env = { ...process.env, TMPDIR: temporary };
  return startProcess(process.execPath, [bank.path, ...words], { env });
}

/** A demo that has reported, and whose nodes stay. */
export class DemoRun {
  readonly port: number;
  /** Where it makes folders for itself. */
  readonly temporary: string;
  /** Where its nodes serve clients. */
  readonly endpoints: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Finished>;
  readonly #lines: JsonLines;

  private constructor(port: number, temporary: string, words: readonly string[]) {
    this.port = port;
    this.temporary = temporary;
    this.endpoints = [1, 2, 3].map((node) => `127.0.0.1:${String(port + node)}`).join();
    this.#child = start(['demo', '--json', '--port', String(port), ...words], temporary);
    this.#lines = new JsonLines(this.#child.stdout);
    this.#ended = finish(this.#child);
  }

  /** Starts one, and waits for its report. */
  static async start(words: readonly string[]): Promise<DemoRun> {
    const demo = new DemoRun(await freeDemoPort(), await temporaryFolder(), ['--stay', ...words]);
    const failed = demo.#ended.then(({ stderr }) => {
      throw new Error(`the demo ended: ${stderr}`);
    });
    await Promise.race([demo.#lines.first(({ event }) => event === 'report', 60_000), failed]);
    failed.catch(() => undefined);
    return demo;
  }

  /** Lines with this event. */
  all(event: string): readonly JsonLine[] {
    return this.#lines.all.filter((line) => line['event'] === event);
  }

  /** Ends it: SIGINT as Ctrl-C does. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<Finished> {
    this.#child.kill(signal);
    return this.#ended;
  }
}

/** A port whose neighbours in a demo (+1 to +3, +11 to +13) are free. */
export function freeDemoPort(): Promise<number> {
  return freePort([1, 2, 3, 11, 12, 13]);
}
