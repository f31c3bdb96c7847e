/** A worker as the benchmark sees it: every request has a deadline, and in the end the process is gone. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Service } from '../load/connection.ts';
import type { LoadOrder } from '../load/generate.ts';
import type { Measurement } from '../results/measurement.ts';
import { DisturbedError, type Fill, type Task } from '../subjects/subject.ts';
import type { Job, Reply, Request, WorkerState } from './protocol.ts';

const program = fileURLToPath(new URL('worker.js', import.meta.url));

/**
 * A moment for whatever is not the measurement itself: opening, the last commands, closing. Long: a disk
 * that others keep busy takes seconds for the dozens of syncs of an open.
 */
const graceMs = 60_000;

/** An open loop ends when everything is done that was to arrive; some of it may wait for its deadline. */
const loadGraceMs = 60_000;
/** Far more than the slowest service needs. */
const fillMsPerKey = 10;

/** Whoever waits for the answer to a request. */
interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** A worker process. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #waiting: Waiting | undefined;
  #running = true;

  constructor() {
    this.#child = fork(program, [], {
      // What a worker prints is trouble; stdout belongs to the rows.
      stdio: ['ignore', 2, 2, 'ipc'],
      execArgv: [],
    });
    this.#child.on('message', (reply: Reply) => {
      this.#settle((waiting) => waiting.resolve(reply));
    });
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#running = false;
        this.#settle((waiting) => waiting.reject(new Error(`a worker process ended (${how})`)));
        resolve();
      };
      this.#child.once('exit', (code, signal) => {
        end(signal ?? `code ${String(code)}`);
      });
      this.#child.on('error', (error) => {
        // It could not be started, or a message did not reach it.
        if (this.#child.pid === undefined) end(error.message);
        else this.#settle((waiting) => waiting.reject(error));
      });
    });
  }

  open(job: Job): Promise<WorkerState> {
    return this.#state({ type: 'open', job });
  }

  look(): Promise<WorkerState> {
    return this.#state({ type: 'look' });
  }

  /** @param allowedMs how long it may take; a moment more is given. */
  async fill(fill: Fill, allowedMs: number): Promise<void> {
    await this.#state({ type: 'fill', fill }, allowedMs);
  }

  /** @param allowedMs as for `fill`. */
  async outrun(allowedMs: number): Promise<void> {
    await this.#state({ type: 'outrun' }, allowedMs);
  }

  /**
   * @param allowedMs how long it may take besides the time that the task names.
   * @throws DisturbedError if it was no fair measurement, and another try may be one.
   */
  async measure(task: Task, allowedMs: number = 0): Promise<Measurement> {
    const workMs = (task.warmUpSeconds + task.seconds) * 1000 + allowedMs;
    const reply = await this.#ask({ type: 'measure', task }, workMs + graceMs);
    if (reply.type !== 'measured') throw new TypeError(`a measurement was asked for`);
    return reply.measurement;
  }

  /**
   * Puts load on a service.
   *
   * @param program what does it in the place of the worker.
   * @throws DisturbedError as for `measure`.
   */
  async load(order: LoadOrder, program?: string): Promise<Measurement> {
    const workMs = (2 * order.warmUpSeconds + order.seconds) * 1000 + loadGraceMs;
    const reply = await this.#ask({ type: 'load', order, program }, workMs + graceMs);
    if (reply.type !== 'measured') throw new TypeError(`a measurement was asked for`);
    return reply.measurement;
  }

  /** Writes every key of a service once. */
  async fillKeys(service: Service, work: Pick<LoadOrder, 'keys' | 'valueBytes'>): Promise<void> {
    await this.#state({ type: 'fill-keys', service, work }, work.keys * fillMsPerKey);
  }

  /** Ends in good order where that is possible, and ends in any case. */
  async close(): Promise<void> {
    try {
      await this.#ask({ type: 'close' }, graceMs);
    } catch {
      // It is ended all the same.
    }
    this.kill();
    await this.#ended;
  }

  /** Ends at once; by its own handle, so never another process that got the same number later. */
  kill(): void {
    if (this.#running) this.#child.kill('SIGKILL');
  }

  async #state(request: Request, allowedMs: number = 0): Promise<WorkerState> {
    const reply = await this.#ask(request, allowedMs + graceMs);
    if (reply.type !== 'state') throw new TypeError(`a state was asked for`);
    return reply.state;
  }

  async #ask(request: Request, timeoutMs: number): Promise<Reply> {
    if (!this.#running) throw new Error('a worker process has ended');
    if (this.#waiting !== undefined) throw new TypeError('one request at a time');
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<Reply>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      timer = setTimeout(() => {
        const late = new Error(`a worker did not answer within ${timeoutMs} ms`);
        this.#settle((waiting) => waiting.reject(late));
        this.kill();
      }, timeoutMs);
    });
    this.#child.send(request);
    try {
      const reply = await answered;
      if (reply.type !== 'failed') return reply;
      throw reply.disturbed ? new DisturbedError(reply.message) : new Error(reply.message);
    } finally {
      clearTimeout(timer);
    }
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}
