/**
 * A machine as a replica hosts it: commands come as bytes, refusals are as ordinary as results, and
 * anything else that is thrown would stop the node.
 */
import {
  type ApplyContext,
  ByteReader,
  decode,
  describeError,
  encode,
  QuorateError,
  type StateMachine,
} from '@quorate/core';
import { check, ConformanceError } from '../check.ts';
import { collect } from './chunks.ts';

/** A machine of which nothing is known but the port. */
export type AnyMachine = StateMachine<unknown, unknown, unknown, unknown>;

/** One thing that a log has a machine do. */
export type Step =
  | { readonly type: 'command'; readonly bytes: Uint8Array; readonly context: ApplyContext }
  | { readonly type: 'expire' | 'renew'; readonly context: ApplyContext };

/** What came of it. The reason of a refusal counts: it is kept as the reply to a session's command. */
export type Outcome =
  | { readonly type: 'result'; readonly bytes: Uint8Array }
  | { readonly type: 'rejected' | 'malformed'; readonly reason: string }
  | { readonly type: 'done' };

/** All that can be seen of a state. */
export interface View {
  readonly hash: string | undefined;
  /** An answer in bytes, or the reason why there was none. */
  readonly answers: readonly (Uint8Array | string)[];
  /** Left out where equal states may have different snapshots. */
  readonly snapshot: Uint8Array | undefined;
}

/** A value that the machine gave out, and its bytes at that time. */
interface Given {
  readonly value: unknown;
  readonly bytes: Uint8Array;
  readonly kind: 'results' | 'answers';
}

/** In front of and behind a command in the buffer that it is decoded from. */
const marginBytes = 5;

export class Hosted {
  readonly machine: AnyMachine;
  readonly #scribbles: boolean;
  readonly #given: Given[] = [];

  /** @param scribbles whether the bytes of a command are overwritten once it was applied. */
  constructor(machine: AnyMachine, scribbles: boolean = false) {
    this.machine = machine;
    this.#scribbles = scribbles;
  }

  do(step: Step): Outcome {
    const { machine } = this;
    if (step.type === 'command') return this.#apply(step.bytes, step.context);
    try {
      if (step.type === 'expire') machine.expire?.(step.context);
      else machine.renew?.(step.context);
    } catch (error) {
      throw wrong(`${step.type} threw`, error);
    }
    return { type: 'done' };
  }

  doAll(steps: readonly Step[]): readonly Outcome[] {
    return steps.map((step) => this.do(step));
  }

  /** Answers in bytes, or says why not: what a query throws is its caller's affair. */
  ask(bytes: Uint8Array): Uint8Array | string {
    const query = decode(this.machine.queries, bytes);
    let answer: unknown;
    try {
      answer = this.machine.query(query);
    } catch (error) {
      return describeError(error);
    }
    return this.#give('answers', answer);
  }

  /** What can be seen of the state; `queries` in bytes. */
  async view(queries: readonly Uint8Array[], withSnapshot: boolean): Promise<View> {
    return {
      hash: this.machine.stateHash?.(),
      answers: queries.map((query) => this.ask(query)),
      snapshot: withSnapshot ? await collect(this.machine.snapshot()) : undefined,
    };
  }

  /** Checks that nothing which was given out has changed since. */
  checkGiven(): void {
    for (const { value, bytes, kind } of this.#given) {
      const now = encode<unknown>(this.machine[kind], value);
      check(
        now.length === bytes.length && now.every((byte, at) => byte === bytes[at]),
        `one of the ${kind} changed after it was given out: it holds memory that the machine writes to`,
      );
    }
  }

  #apply(bytes: Uint8Array, context: ApplyContext): Outcome {
    const buffer = new Uint8Array(bytes.length + 2 * marginBytes).fill(0xa5);
    buffer.set(bytes, marginBytes);
    const outcome = this.#applyFrom(buffer.subarray(0, marginBytes + bytes.length), context);
    if (this.#scribbles) buffer.fill(0x5a);
    return outcome;
  }

  #applyFrom(buffer: Uint8Array, context: ApplyContext): Outcome {
    const { machine } = this;
    const reader = new ByteReader(buffer, marginBytes);
    let command: unknown;
    try {
      command = machine.commands.decode(reader);
      reader.end();
    } catch (error) {
      return refused('malformed', error, 'a command was decoded');
    }
    let result: unknown;
    try {
      result = machine.apply(command, context);
    } catch (error) {
      return refused('rejected', error, 'a command was applied');
    }
    return { type: 'result', bytes: this.#give('results', result) };
  }

  #give(kind: 'results' | 'answers', value: unknown): Uint8Array {
    const bytes = encode<unknown>(this.machine[kind], value);
    this.#given.push({ value, bytes, kind });
    return bytes;
  }
}

function refused(type: 'rejected' | 'malformed', error: unknown, when: string): Outcome {
  const code = type === 'rejected' ? 'COMMAND_REJECTED' : 'MALFORMED';
  if (error instanceof QuorateError && error.code === code) return { type, reason: error.message };
  throw wrong(`when ${when}, only ${code} may be thrown; this stops every node. It was`, error);
}

function wrong(what: string, error: unknown): ConformanceError {
  const name = error instanceof Error ? error.name : typeof error;
  return new ConformanceError(`${what}: ${name}: ${describeError(error)}`, error);
}
