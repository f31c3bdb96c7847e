/**
 * A machine as simple as it can be with every method of the port, and with any one of the faults that
 * the suite must find: a board of notes, some of which are taken down after a while.
 */
import {
  type ApplyContext,
  ByteReader,
  ByteWriter,
  type Codec,
  CommandRejectedError,
  concatBytes,
  CorruptError,
  crc32,
  MalformedError,
  type StateMachine,
  unreachable,
} from '@quorate/core';
import type { Fault } from './faults.ts';

/** Pins a note, takes one down, adds to all notes, or refuses to be done. */
export type Command =
  | {
      readonly type: 'pin';
      readonly name: string;
      readonly text: Uint8Array;
      /** How long it stays; 0: for ever. */
      readonly ttlMs: number;
    }
  | { readonly type: 'take'; readonly name: string }
  | { readonly type: 'nonsense' };

/** What was done, and what was there before. */
export interface Result {
  readonly pins: number;
  readonly before: Uint8Array | undefined;
}

/** The text of a note. */
export interface Query {
  readonly name: string;
}

export interface Answer {
  readonly text: Uint8Array | undefined;
  readonly pins: number;
}

interface Note {
  text: Uint8Array;
  ttlMs: number;
  until: number;
}

/** All that a board is. */
interface State {
  readonly notes: Map<string, Note>;
  pins: number;
  hash: number;
}

const magic = 0x424f_5244;
const chunkBytes = 512;
const never = 2 ** 48 - 1;
const maxTextBytes = 64;

/** What machines with the fault 'shares state between machines' share. */
let shared = 0;

export class Board implements StateMachine<Command, Result, Query, Answer> {
  readonly commands: Codec<Command>;
  readonly results: Codec<Result>;
  readonly queries: Codec<Query>;
  readonly answers: Codec<Answer>;
  readonly #fault: Fault | undefined;
  #state: State = { notes: new Map(), pins: 0, hash: 0 };
  readonly #chunk = new Uint8Array(chunkBytes);
  #snapshots = 0;
  #lent: AsyncGenerator<Uint8Array, void> | undefined;

  constructor(fault: Fault | undefined) {
    this.#fault = fault;
    if (fault === 'hides its expiry') Object.assign(this, { nextExpiry: undefined });
    const has = (other: Fault): boolean => fault === other;
    this.commands = commandCodec(has);
    this.results = resultCodec(has);
    this.queries = {
      encode: ({ name }, writer) => void writer.string(name),
      decode: (reader) => ({ name: reader.string(100) }),
    };
    this.answers = {
      encode: ({ text, pins }, writer) => {
        writeOptional(text, writer.u48(pins));
      },
      decode: (reader) => {
        const pins = reader.u48();
        return { pins, text: readOptional(reader) };
      },
    };
  }

  apply(command: Command, { time }: ApplyContext): Result {
    const state = this.#state;
    if (this.#has('counts what it refuses')) state.pins += 1;
    switch (command.type) {
      case 'pin':
        return this.#pin(command, time);
      case 'take': {
        const note = state.notes.get(command.name);
        if (note === undefined) {
          if (this.#has('stops the node')) throw new TypeError('no such note');
          if (this.#has('words its refusals differently')) shared += 1;
          throw new CommandRejectedError(
            `there is no note ${command.name}${shared > 0 ? String(shared) : ''}`,
          );
        }
        if (this.#has('draws random numbers')) state.pins += Math.random() < 0.5 ? 1 : 0;
        this.#remove(command.name, note);
        return { pins: state.pins, before: note.text };
      }
      case 'nonsense':
        if (this.#has('takes nonsense')) state.pins += 1;
        throw new CommandRejectedError('nonsense');
      default:
        return unreachable(command);
    }
  }

  query({ name }: Query): Answer {
    const { notes, pins } = this.#state;
    if (this.#has('counts its queries')) this.#state.pins += 1;
    const text = notes.get(name)?.text;
    return { text: this.#has('answers with its own memory') ? text : text?.slice(), pins };
  }

  nextExpiry(): number | undefined {
    let next = never;
    for (const { until } of this.#state.notes.values()) next = Math.min(next, until);
    if (next === never) return undefined;
    if (this.#has('changes when asked for its expiry')) this.#state.pins += 1;
    return this.#has('names its expiry too late') ? next + 5 : next;
  }

  expire({ time }: ApplyContext): void {
    for (const [name, note] of this.#state.notes) {
      const due = this.#has('lets things run out early') ? note.until - 10 : note.until;
      const isOver = this.#has('leaves what runs out now') ? due < time : due <= time;
      if (isOver) this.#remove(name, note);
    }
  }

  renew({ time }: ApplyContext): void {
    // A copy: a note that is put again would come up again.
    for (const [name, note] of [...this.#state.notes]) {
      if (note.until === never) continue;
      const until = Math.max(time + note.ttlMs, note.until);
      this.#put(name, { ...note, until: this.#has('shortens by renewal') ? time : until });
    }
  }

  stateHash(): string {
    const { hash, pins, notes } = this.#state;
    const size = this.#has('leaves a field out of the digest') ? 0 : pins;
    const writer = new ByteWriter().u32(hash).u48(size).u32(notes.size);
    const digest = crc32(writer.take()).toString(16).padStart(8, '0');
    return this.#has('shouts its digest') ? `X${digest.toUpperCase()}` : digest;
  }

  snapshot(): AsyncIterable<Uint8Array> {
    this.#snapshots += 1;
    if (this.#has('changes by a snapshot')) this.#state.pins += 1;
    if (this.#has('takes snapshots late')) return this.#late();
    if (this.#has('takes snapshots as it goes')) return this.#asItGoes();
    const chunks = this.#cut(this.#encoded());
    if (!this.#has('has one snapshot at a time')) return chunks;
    const running = this.#lent ?? chunks;
    this.#lent = running;
    return this.#lend(running);
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    const { notes } = this.#state;
    if (this.#has('forgets its state before it has another')) {
      this.#state = { notes: new Map(), pins: 0, hash: 0 };
    }
    try {
      for await (const chunk of chunks) {
        const wholeOnly = this.#has('wants chunks as they were cut');
        if (wholeOnly && chunk.length < chunkBytes && pieces.length > 1) break;
        pieces.push(chunk);
      }
    } catch (error) {
      if (!this.#has('takes the failure of a source for its end')) throw error;
      if (pieces.length === 0) return;
    }
    const bytes = concatBytes(pieces);
    const state = this.#decoded(bytes);
    if (this.#has('restores beside what was there')) {
      for (const [name, note] of notes) if (!state.notes.has(name)) state.notes.set(name, note);
    }
    this.#state = state;
  }

  #has(fault: Fault): boolean {
    return this.#fault === fault;
  }

  #pin({ name, text, ttlMs }: Extract<Command, { readonly type: 'pin' }>, time: number): Result {
    const state = this.#state;
    if (text.length > maxTextBytes) throw new CommandRejectedError('too long');
    state.pins += 1;
    if (this.#has('shares state between machines')) state.pins = shared += 1;
    const now = this.#has('reads the clock') ? Date.now() : time;
    const before = state.notes.get(name);
    const kept = this.#has('keeps views of commands') ? text : text.slice();
    const given = before?.text;
    const isOwn = this.#has('gives out its own memory') || this.#has('answers with its own memory');
    if (isOwn && before?.text.length === kept.length) {
      const result = this.#has('gives out its own memory') ? before.text : before.text.slice();
      this.#remove(name, before);
      before.text.set(kept);
      this.#put(name, { ...before, ttlMs, until: ttlMs === 0 ? never : now + ttlMs });
      return { pins: state.pins, before: result };
    }
    this.#put(name, { text: kept, ttlMs, until: ttlMs === 0 ? never : now + ttlMs });
    return { pins: state.pins, before: given };
  }

  #put(name: string, note: Note): void {
    const state = this.#state;
    const before = state.notes.get(name);
    if (before !== undefined) this.#remove(name, before);
    state.notes.set(name, note);
    if (this.#has('has a digest of its way')) state.hash = crc32(record(name, note), state.hash);
    else state.hash = (state.hash + crc32(record(name, note))) >>> 0;
  }

  #remove(name: string, note: Note): void {
    const state = this.#state;
    state.notes.delete(name);
    if (!this.#has('has a digest of its way')) {
      state.hash = (state.hash - crc32(record(name, note))) >>> 0;
    }
  }

  #encoded(): Uint8Array {
    const { notes, pins } = this.#state;
    const writer = new ByteWriter().u32(magic);
    writer.u48(this.#has('leaves a field out of snapshots') ? 0 : pins).u32(notes.size);
    // In the order of names: the order of insertion differs after a restore.
    const names = [...notes.keys()];
    if (!this.#has('writes notes in any order')) names.sort();
    else if (this.#snapshots % 2 === 1) names.reverse();
    for (const name of names) {
      const note = notes.get(name);
      if (note !== undefined) writer.raw(record(name, note));
    }
    const body = writer.take();
    return concatBytes([body, new ByteWriter().u32(crc32(body)).take()]);
  }

  #decoded(bytes: Uint8Array): State {
    const reader = new ByteReader(bytes);
    if (reader.u32() !== magic) throw new MalformedError('not a board');
    const state: State = { notes: new Map(), pins: reader.u48(), hash: 0 };
    const trusting = this.#has('takes snapshots that are cut short');
    let count = trusting ? reader.u32() : reader.count(20);
    while (count > 0 && (!trusting || reader.left > 30)) {
      count -= 1;
      const name = reader.string(100);
      const believes = this.#has('believes a length in a snapshot');
      const text = believes ? believed(reader) : reader.bytes(maxTextBytes);
      const kept = this.#has('keeps views of chunks') ? text : text.slice();
      const note = { text: kept, ttlMs: reader.u48(), until: reader.u48() };
      if (state.notes.has(name)) throw new CorruptError('twice');
      state.notes.set(name, note);
      state.hash = (state.hash + crc32(record(name, note))) >>> 0;
    }
    if (trusting) return state;
    const end = reader.offset;
    const sum = reader.u32();
    if (!this.#has('does not look behind the end')) reader.end();
    if (sum !== crc32(bytes.subarray(0, end)) && !this.#has('does not look at the checksum')) {
      if (this.#has('is rude about damage')) throw new RangeError('damage');
      throw new CorruptError('damaged');
    }
    return state;
  }

  async *#cut(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const chunk = bytes.subarray(at, at + chunkBytes);
      if (this.#has('uses one chunk for all')) {
        this.#chunk.set(chunk);
        yield this.#chunk.subarray(0, chunk.length);
      } else yield chunk;
    }
  }

  async *#late(): AsyncGenerator<Uint8Array, void> {
    yield* this.#cut(this.#encoded());
  }

  /** Right as of the call in its first chunk, and in all others as of when they are asked for. */
  #asItGoes(): AsyncIterable<Uint8Array> {
    const first = this.#encoded();
    const later = (): Uint8Array => this.#encoded();
    async function* go(): AsyncGenerator<Uint8Array, void> {
      yield first.subarray(0, chunkBytes);
      const rest = first.length > chunkBytes ? later() : first;
      for (let at = chunkBytes; at < rest.length; at += chunkBytes) {
        yield rest.subarray(at, at + chunkBytes);
      }
    }
    return go();
  }

  async *#lend(running: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
    for (let item = await running.next(); item.done !== true; item = await running.next()) {
      yield item.value;
    }
    this.#lent = undefined;
  }
}

function record(name: string, { text, ttlMs, until }: Note): Uint8Array {
  return new ByteWriter().string(name).bytes(text).u48(ttlMs).u48(until).take();
}

function commandCodec(has: (fault: Fault) => boolean): Codec<Command> {
  return {
    encode(command, writer) {
      writer.u8(['pin', 'take', 'nonsense'].indexOf(command.type));
      if (command.type === 'nonsense') return;
      writer.string(command.name);
      if (command.type === 'pin') writer.u48(command.ttlMs).bytes(command.text);
    },
    decode(reader) {
      const type = reader.u8();
      if (type === 2) return { type: 'nonsense' };
      if (type > 2) {
        if (has('is rude to strangers')) throw new TypeError('what?');
        throw new MalformedError('unknown type of command');
      }
      const name = reader.string(100);
      if (type === 1) return { type: 'take', name };
      const ttlMs = reader.u48();
      if (has('reads to the end')) {
        reader.u32();
        return { type: 'pin', name, ttlMs, text: reader.raw(reader.left) };
      }
      if (has('takes commands that are cut short') && reader.left < 4) {
        return { type: 'pin', name, ttlMs, text: new Uint8Array(0) };
      }
      if (!has('believes a length')) return { type: 'pin', name, ttlMs, text: reader.bytes() };
      return { type: 'pin', name, ttlMs, text: believed(reader) };
    },
  };
}

function resultCodec(has: (fault: Fault) => boolean): Codec<Result> {
  return {
    encode({ pins, before }, writer) {
      writeOptional(before, writer.u48(pins));
    },
    decode(reader) {
      const pins = has('forgets a field of results') ? reader.u48() * 0 : reader.u48();
      return { pins, before: readOptional(reader) };
    },
  };
}

/** Makes room for what there is said to be. */
function believed(reader: ByteReader): Uint8Array {
  const bytes = new Uint8Array(reader.u32());
  bytes.set(reader.raw(bytes.length));
  return bytes;
}

function writeOptional(bytes: Uint8Array | undefined, writer: ByteWriter): void {
  writer.boolean(bytes !== undefined);
  if (bytes !== undefined) writer.bytes(bytes);
}

function readOptional(reader: ByteReader): Uint8Array | undefined {
  return reader.boolean() ? reader.bytes() : undefined;
}
