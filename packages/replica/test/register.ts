/** The machine of these tests: a list of numbers that remembers how it came to be. */
import {
  type ApplyContext,
  type ByteReader,
  ByteWriter,
  type Codec,
  CommandRejectedError,
  decode,
  fromUtf8,
  MalformedError,
  type StateMachine,
  utf8,
} from '@quorate/core';

/** Adds to the sum, or does something a good machine does not. */
export type Command =
  | { readonly type: 'add'; readonly by: number }
  /** Refused by the machine. */
  | { readonly type: 'refuse' }
  /** Makes the machine fail. */
  | { readonly type: 'crash' }
  /** Cannot be encoded. */
  | { readonly type: 'unencodable' }
  /** As large as you like. */
  | { readonly type: 'pad'; readonly bytes: number };

const commandTypes = ['add', 'refuse', 'crash', 'pad'] as const;

export const commands: Codec<Command> = {
  encode(command: Command, writer: ByteWriter): void {
    switch (command.type) {
      case 'add':
        writer.u8(0).u32(command.by);
        return;
      case 'refuse':
        writer.u8(1);
        return;
      case 'crash':
        writer.u8(2);
        return;
      case 'pad':
        writer.u8(3).bytes(new Uint8Array(command.bytes));
        return;
      case 'unencodable':
        writer.u8(99).u32(99);
        throw new TypeError('no such command');
    }
  },
  decode(reader: ByteReader): Command {
    const type = commandTypes[reader.u8()];
    switch (type) {
      case 'add':
        return { type, by: reader.u32() };
      case 'refuse':
      case 'crash':
        return { type };
      case 'pad':
        return { type, bytes: reader.bytes().length };
      case undefined:
        break;
    }
    throw new MalformedError('no such command');
  },
};

const numbers: Codec<number> = {
  encode: (value, writer) => void writer.f64(value),
  decode: (reader) => reader.f64(),
};

const texts: Codec<string> = {
  encode: (value, writer) => void writer.string(value),
  decode: (reader) => reader.string(),
};

/** Adds numbers. The query 'sum' gives the sum; 'fail' throws. */
export class Register implements StateMachine<Command, number, string, number> {
  readonly commands: Codec<Command> = commands;
  readonly results: Codec<number> = numbers;
  readonly queries: Codec<string> = texts;
  readonly answers: Codec<number> = numbers;
  sum = 0;
  /** What each command saw. */
  readonly contexts: ApplyContext[] = [];
  queried = 0;
  /** Set: `restore` waits for it after it has dropped the old state. */
  restoreGate: Promise<void> | undefined;
  failRestore = false;

  apply(command: Command, context: ApplyContext): number {
    this.contexts.push(context);
    switch (command.type) {
      case 'add':
        this.sum += command.by;
        return this.sum;
      case 'refuse':
        throw new CommandRejectedError('refused by the machine');
      case 'crash':
        throw new Error('boom');
      case 'unencodable':
      case 'pad':
        return this.sum;
    }
  }

  query(query: string): number {
    this.queried++;
    if (query === 'fail') throw new RangeError('no such query');
    return this.sum;
  }

  /** The usual way to write it, which looks at the state when it is asked for the first chunk. */
  async *snapshot(): AsyncGenerator<Uint8Array> {
    const state = utf8(String(this.sum));
    for (const byte of state) yield Uint8Array.of(byte);
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.sum = Number.NaN;
    await this.restoreGate;
    let text = '';
    for await (const chunk of chunks) text += fromUtf8(chunk);
    if (this.failRestore) throw new Error('cannot restore');
    this.sum = Number(text);
  }

  stateHash(): string {
    return this.sum.toString(16).padStart(8, '0');
  }
}

/** A payload with this kind of envelope. */
export function payload(kind: number, ...bytes: number[]): Uint8Array {
  return Uint8Array.of(kind, ...bytes);
}

/** The command that a payload holds. */
export function commandOf(bytes: Uint8Array): Command {
  return decode(commands, bytes.subarray(1));
}

/** The payload of a command. */
export function payloadOf(command: Command): Uint8Array {
  const writer = new ByteWriter().u8(0);
  commands.encode(command, writer);
  return writer.take();
}

/** Everything that an iterable gives. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

/** Chunks as a stream. */
export async function* streamOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
