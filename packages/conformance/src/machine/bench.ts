/**
 * What each test works with, for one random history: machines, steps of a log, queries, comparisons.
 */
import { type ApplyContext, encode, type Random } from '@quorate/core';
import { equal } from '../check.ts';
import { collect, stream } from './chunks.ts';
import { type AnyMachine, Hosted, type Step, type View } from './hosted.ts';
import type { AnyOptions, MachineFeature } from './options.ts';

const viewQueries = 12;
/** Time of the first entry, ms since 1970. */
const startTime = 1_700_000_000_000;

/** Draws steps of a log: an entry holds one or more commands; time stands still or goes on, never back. */
export class Script {
  readonly #options: AnyOptions;
  readonly #random: Random;
  readonly #pilot: AnyMachine;
  readonly #kinds: readonly ('expire' | 'renew')[];
  #context: ApplyContext = { index: 1, position: -1, time: startTime };

  /** @param pilot says when something runs out, so that the steps meet those times. */
  constructor(options: AnyOptions, random: Random, pilot: AnyMachine) {
    this.#options = options;
    this.#random = random;
    this.#pilot = pilot;
    this.#kinds = [
      ...(pilot.expire === undefined ? [] : (['expire'] as const)),
      ...(pilot.renew === undefined ? [] : (['renew'] as const)),
    ];
  }

  /** Where in the log the next step stands, and when. */
  context(): ApplyContext {
    const random = this.#random;
    const { index, position, time } = this.#context;
    this.#context = random.chance(0.4)
      ? { index, position: position + 1, time }
      : { index: index + 1, position: 0, time: this.#later(time) };
    return this.#context;
  }

  /** The next step; the pilot has to do it before the one after it is drawn. */
  next(): Step {
    const random = this.#random;
    if (this.#kinds.length > 0 && random.chance(0.1)) {
      return { type: random.pick(this.#kinds), context: this.context() };
    }
    return this.command(this.#options.command(random));
  }

  command(command: unknown): Step {
    return {
      type: 'command',
      bytes: encode(this.#pilot.commands, command),
      context: this.context(),
    };
  }

  bytes(bytes: Uint8Array): Step {
    return { type: 'command', bytes, context: this.context() };
  }

  #later(time: number): number {
    const random = this.#random;
    const due = this.#pilot.nextExpiry?.();
    if (due !== undefined && due > time && random.chance(0.2)) {
      return Math.max(time, Math.ceil(due) + random.below(3) - 1);
    }
    return random.pick([time, time + 1, time + random.below(100), time + random.below(20_000)]);
  }
}

/** A machine that has lived, and the script of its life, to be continued. */
export interface Life {
  readonly hosted: Hosted;
  readonly script: Script;
  readonly steps: readonly Step[];
}

/** One random history of one test. */
export class Bench {
  readonly random: Random;
  readonly options: AnyOptions;
  /** How many steps a whole history has. */
  readonly length: number;

  constructor(options: AnyOptions, random: Random) {
    this.options = options;
    this.random = random;
    this.length = options.commands ?? 120;
  }

  has(feature: MachineFeature): boolean {
    return !(this.options.without ?? []).includes(feature);
  }

  /** A machine that nothing has happened to. */
  fresh(): Hosted {
    return new Hosted(this.options.create());
  }

  /** A machine with a random history. */
  lived(length: number = this.length): Life {
    const hosted = this.fresh();
    const script = new Script(this.options, this.random, hosted.machine);
    const steps = Array.from({ length }, () => {
      const step = script.next();
      hosted.do(step);
      return step;
    });
    return { hosted, script, steps };
  }

  /** A machine that grows until its snapshot has several chunks. */
  async grown(): Promise<Life> {
    const { hosted, script } = this.lived(10);
    const steps: Step[] = [];
    // Some of them may hold no more than a head or an end.
    const leastChunks = 6;
    for (let size = 64; ; size *= 2) {
      while (steps.length < size) {
        const step = script.command(this.options.grow?.(steps.length));
        hosted.do(step);
        steps.push(step);
      }
      let chunks = 0;
      for await (const chunk of hosted.machine.snapshot()) {
        if (chunk.length > 0) chunks += 1;
        if (chunks === leastChunks) return { hosted, script, steps };
      }
      if (size > 500_000) {
        equal(chunks, leastChunks, `chunks of a snapshot after ${String(size)} calls of grow`);
      }
    }
  }

  /** Bytes of random queries. */
  queries(count: number = viewQueries): readonly Uint8Array[] {
    const { queries } = this.options.create();
    return Array.from({ length: count }, () => encode(queries, this.options.query(this.random)));
  }

  view(hosted: Hosted, queries: readonly Uint8Array[]): Promise<View> {
    return hosted.view(queries, this.has('equalSnapshots'));
  }

  /** Checks that two machines are in one state, by all that can be seen. */
  async same(actual: Hosted, expected: Hosted, what: string): Promise<void> {
    const queries = this.queries();
    const wanted = await this.view(expected, queries);
    equal(await this.view(actual, queries), wanted, what);
  }

  /** Checks that something changes nothing that can be seen of a machine. */
  async unchanged(hosted: Hosted, what: string, body: () => Promise<void> | void): Promise<void> {
    const queries = this.queries();
    const before = await this.view(hosted, queries);
    await body();
    equal(await this.view(hosted, queries), before, what);
  }

  /** Another machine, in the state of a snapshot. */
  async restored(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Hosted> {
    const hosted = this.fresh();
    await hosted.machine.restore(Symbol.asyncIterator in chunks ? chunks : stream(chunks));
    return hosted;
  }

  /** Another machine in the same state. */
  async twin(hosted: Hosted): Promise<Hosted> {
    return this.restored([await collect(hosted.machine.snapshot())]);
  }
}
