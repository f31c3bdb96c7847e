/**
 * A state machine as its replica sees it, with what it does compared to what it did on the others: after
 * each command the same results so far and, where it keeps a digest, the same state. Each command carries
 * the number of the call that it came from, so that one that is applied twice is found out.
 */
import {
  type ApplyContext,
  ByteReader,
  ByteWriter,
  type Codec,
  crc32,
  encode,
  type StateMachine,
} from '@quorate/core';
import type { Place } from '../checks/states.ts';

/** A command, and the call that it came from. */
export interface Called<Command> {
  readonly call: number;
  readonly command: Command;
}

/** What a watched machine tells. */
export interface MachineWatch<Command> {
  /** A command was carried out. */
  applied(called: Called<Command>, place: Place): void;
  /** The machine has seen everything up to this place: what it has answered, and its state now. */
  reached(place: Place, chain: number, stateHash: string | undefined): void;
  restored(): void;
}

/** Bytes in front of a snapshot: where it was taken, and the chain up to there. */
const headBytes = 14;

/** Watches a machine. */
export class WatchedMachine<Command, Result, Query, Answer>
  implements StateMachine<Called<Command>, Result, Query, Answer>
{
  readonly commands: Codec<Called<Command>>;
  readonly results: StateMachine<Command, Result, Query, Answer>['results'];
  readonly queries: StateMachine<Command, Result, Query, Answer>['queries'];
  readonly answers: StateMachine<Command, Result, Query, Answer>['answers'];
  readonly stateHash?: () => string;
  readonly #machine: StateMachine<Command, Result, Query, Answer>;
  readonly #watch: MachineWatch<Command>;
  #place: Place = { index: 0, position: 0 };
  #chain = 0;

  constructor(machine: StateMachine<Command, Result, Query, Answer>, watch: MachineWatch<Command>) {
    this.#machine = machine;
    this.#watch = watch;
    this.commands = calledCodec(machine.commands);
    this.results = machine.results;
    this.queries = machine.queries;
    this.answers = machine.answers;
    if (machine.stateHash !== undefined) {
      this.stateHash = (): string => machine.stateHash?.() ?? '';
    }
  }

  apply(called: Called<Command>, context: ApplyContext): Result {
    let outcome = refused;
    try {
      const result = this.#machine.apply(called.command, context);
      outcome = crc32(encode(this.results, result));
      return result;
    } finally {
      this.#place = { index: context.index, position: context.position };
      if (outcome !== refused) this.#watch.applied(called, this.#place);
      const words = [this.#chain, context.index, context.position, context.time, outcome];
      this.#chain = crc32(new Uint8Array(Float64Array.from(words).buffer));
      this.#watch.reached(this.#place, this.#chain, this.#machine.stateHash?.());
    }
  }

  query(query: Query): Answer {
    return this.#machine.query(query);
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
    this.#watch.restored();
    this.#watch.reached(place, chain, this.#machine.stateHash?.());
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

/** Stands for the result of a command that was refused. */
const refused = -1;

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
