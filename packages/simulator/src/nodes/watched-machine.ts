/**
 * A state machine as its replica sees it, with what it does compared to what it did on the others: after
 * each command the same results so far and, where it keeps a digest, the same state. Each command carries
 * the number of the call that it came from, so that one that is applied twice is found out; each answer
 * carries the entry that it rests on.
 */
import {
  type ApplyContext,
  ByteReader,
  ByteWriter,
  type Codec,
  crc32,
  type LogIndex,
  type MachineCodecs,
  type StateMachine,
} from '@quorate/core';
import type { Place } from '../checks/states.ts';

/** A command, and the call that it came from. */
export interface Called<Command> {
  readonly call: number;
  readonly command: Command;
}

/** An answer, and the last entry that has changed the state it was read from. */
export interface Answered<Answer> {
  readonly answer: Answer;
  readonly index: LogIndex;
}

/** What a watched machine tells. */
export interface MachineWatch<Command> {
  /** It is about to do what stands at this place. */
  begins(place: Place): void;
  /** A command was carried out; the checksum of its result. */
  applied(called: Called<Command>, place: Place, result: number): void;
  /** It has done what stands at this place. */
  did(place: Place): void;
  /** The machine has seen everything up to this place: what it has answered, and its state now. */
  reached(place: Place, chain: number, stateHash: string | undefined): void;
  restored(place: Place): void;
}

/** Bytes in front of a snapshot: where it was taken, and the chain up to there. */
const headBytes = 14;

/** How a watched machine is spoken to. */
export type WatchedCodecs<Command, Result, Query, Answer> = MachineCodecs<
  Called<Command>,
  Result,
  Query,
  Answered<Answer>
>;

/** The codecs of a machine that is watched. */
export function watchedCodecs<Command, Result, Query, Answer>(
  machine: MachineCodecs<Command, Result, Query, Answer>,
): WatchedCodecs<Command, Result, Query, Answer> {
  return {
    commands: calledCodec(machine.commands),
    results: machine.results,
    queries: machine.queries,
    answers: answeredCodec(machine.answers),
  };
}

/** Results are written here one after the other, only to be summed up. */
const scratch = new ByteWriter(64 * 1024);

/** Checksum of a result. */
export function resultChecksum<Result>(codec: Codec<Result>, result: Result): number {
  // What is left of one that could not be encoded.
  if (scratch.length > 0) scratch.take();
  codec.encode(result, scratch);
  return crc32(scratch.take());
}

/** Watches a machine. */
export class WatchedMachine<Command, Result, Query, Answer>
  implements StateMachine<Called<Command>, Result, Query, Answered<Answer>>
{
  readonly commands: Codec<Called<Command>>;
  readonly results: Codec<Result>;
  readonly queries: Codec<Query>;
  readonly answers: Codec<Answered<Answer>>;
  readonly stateHash?: () => string;
  readonly #machine: StateMachine<Command, Result, Query, Answer>;
  readonly #watch: MachineWatch<Command>;
  #place: Place = { index: 0, position: 0 };
  #chain = 0;
  /** What the chain goes on with, and the same as bytes. */
  readonly #words = new Float64Array(5);
  readonly #wordBytes = new Uint8Array(this.#words.buffer);

  constructor(machine: StateMachine<Command, Result, Query, Answer>, watch: MachineWatch<Command>) {
    this.#machine = machine;
    this.#watch = watch;
    const { commands, results, queries, answers } = watchedCodecs(machine);
    this.commands = commands;
    this.results = results;
    this.queries = queries;
    this.answers = answers;
    if (machine.stateHash !== undefined) {
      this.stateHash = (): string => machine.stateHash?.() ?? '';
    }
  }

  apply(called: Called<Command>, context: ApplyContext): Result {
    this.#watch.begins(context);
    let outcome = refused;
    try {
      const result = this.#machine.apply(called.command, context);
      outcome = resultChecksum(this.results, result);
      return result;
    } finally {
      if (outcome !== refused) this.#watch.applied(called, context, outcome);
      this.#advance(context, outcome);
    }
  }

  nextExpiry(): number | undefined {
    return this.#machine.nextExpiry?.();
  }

  expire(context: ApplyContext): void {
    this.#watch.begins(context);
    this.#machine.expire?.(context);
    this.#advance(context, expired);
  }

  renew(context: ApplyContext): void {
    this.#watch.begins(context);
    this.#machine.renew?.(context);
    this.#advance(context, renewed);
  }

  query(query: Query): Answered<Answer> {
    return { answer: this.#machine.query(query), index: this.#place.index };
  }

  snapshot(): AsyncIterable<Uint8Array> {
    const { index, position } = this.#place;
    const head = new ByteWriter(headBytes).u48(index).u32(position).u32(this.#chain).take();
    return withHead(head, this.#machine.snapshot());
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const content = new Content(chunks);
    const reader = new ByteReader(await content.take(headBytes));
    const place = { index: reader.u48(), position: reader.u32() };
    const chain = reader.u32();
    await this.#machine.restore(content.rest());
    this.#place = place;
    this.#chain = chain;
    this.#watch.restored(place);
    this.#watch.reached(place, chain, this.#machine.stateHash?.());
  }

  #advance({ index, position, time }: ApplyContext, outcome: number): void {
    this.#place = { index, position };
    this.#watch.did(this.#place);
    this.#words.set([this.#chain, index, position, time, outcome]);
    this.#chain = crc32(this.#wordBytes);
    this.#watch.reached(this.#place, this.#chain, this.#machine.stateHash?.());
  }
}

function calledCodec<Command>(commands: Codec<Command>): Codec<Called<Command>> {
  return {
    encode: ({ call, command }, writer) => {
      writer.u48(call);
      commands.encode(command, writer);
    },
    decode: (reader) => ({ call: reader.u48(), command: commands.decode(reader) }),
  };
}

function answeredCodec<Answer>(answers: Codec<Answer>): Codec<Answered<Answer>> {
  return {
    encode: ({ answer, index }, writer) => {
      writer.u48(index);
      answers.encode(answer, writer);
    },
    decode: (reader) => {
      const index = reader.u48();
      return { answer: answers.decode(reader), index };
    },
  };
}

/** Stand for the result of a command that was refused, and for what is no command. */
const refused = -1;
const expired = -2;
const renewed = -3;

async function* withHead(
  head: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield* chunks;
}

/** Chunks of which the first bytes are taken off. */
class Content {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(bytes: number): Promise<Uint8Array> {
    const taken = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) {
      if (this.#left.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) throw new Error('a snapshot without its head');
        this.#left = next.value;
      }
      const part = this.#left.subarray(0, bytes - at);
      taken.set(part, at);
      at += part.length;
      this.#left = this.#left.subarray(part.length);
    }
    return taken;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#left.length > 0) yield this.#left;
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
}
