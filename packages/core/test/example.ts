import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  CommandRejectedError,
  concatBytes,
  decode,
  encode,
  fromUtf8,
  MalformedError,
  type StateMachine,
  utf8,
} from '@quorate/core';

/** Puts a text into the register, where `expected` is given only if that one is there. */
interface Command {
  readonly text: string;
  readonly expected?: string;
}

const commands: Codec<Command> = {
  encode({ text, expected }: Command, writer: ByteWriter): void {
    writer.string(text).boolean(expected !== undefined);
    if (expected !== undefined) writer.string(expected);
  },
  decode(reader: ByteReader): Command {
    const text = reader.string();
    return reader.boolean() ? { text, expected: reader.string() } : { text };
  },
};

const texts: Codec<string> = {
  encode: (text, writer) => void writer.string(text),
  decode: (reader) => reader.string(),
};

const read: Codec<'read'> = {
  encode: (_, writer) => void writer.u8(0),
  decode(reader) {
    if (reader.u8() !== 0) throw new MalformedError('no such query');
    return 'read';
  },
};

/** A register holds one text. A command gives back the text before it. */
class Register implements StateMachine<Command, string, 'read', string> {
  readonly commands = commands;
  readonly results = texts;
  readonly queries = read;
  readonly answers = texts;
  #text = '';

  apply({ text, expected }: Command): string {
    const before = this.#text;
    if (expected !== undefined && expected !== before) {
      throw new CommandRejectedError(`the register holds "${before}"; read it and try again`);
    }
    this.#text = text;
    return before;
  }

  query(): string {
    return this.#text;
  }

  snapshot(): AsyncIterable<Uint8Array> {
    // The bytes are made now: `apply` goes on while they travel.
    return stream(utf8(this.#text));
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    this.#text = fromUtf8(concatBytes(parts));
  }
}

async function* stream(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

// A caller's command becomes bytes once. The log decides their place and hands them to every replica.
const bytes = encode(commands, { text: 'hello' });

const register = new Register();
const result = register.apply(decode(commands, bytes));
console.log({ result, answer: register.query() });

// A replica that is too far behind gets the state instead of the commands.
const replica = new Register();
await replica.restore(register.snapshot());
console.log({ answer: replica.query() });
