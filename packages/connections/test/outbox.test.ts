/** What leaves a connection: how many writes, of how many pieces, and whose bytes they are. */
import { ByteReader, concatBytes, type Runtime, systemRuntime } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { checksum } from '../src/framing.ts';
import type { Link } from '../src/link.ts';
import { copiedBelowBytes, Outbox, Turns } from '../src/outbox.ts';
import { portablePlatform } from '../src/platform.ts';

/** An outbox on a link that keeps what it is given, in turns that the test ends. */
class Subject {
  readonly writes: (readonly Uint8Array[])[] = [];
  readonly counters: { socket_writes: number } = { socket_writes: 0 };
  readonly outbox: Outbox;
  needsDrain = false;
  #ends: (() => void)[] = [];

  constructor() {
    const runtime: Runtime = { ...systemRuntime, nextTurn: (run) => this.#ends.push(run) };
    const needsDrain = (): boolean => this.needsDrain;
    const link: Link = {
      remote: 'there',
      remoteHost: undefined,
      waitingBytes: 0,
      get needsDrain() {
        return needsDrain();
      },
      closed: false,
      write: (pieces) => this.writes.push(pieces),
      end: () => undefined,
      destroy: () => undefined,
    };
    this.outbox = new Outbox(link, new Turns(runtime), portablePlatform, this.counters);
  }

  push(...parts: readonly Uint8Array[]): void {
    this.outbox.push(7, parts, concatBytes(parts).length);
  }

  endTurn(): void {
    const ends = this.#ends;
    this.#ends = [];
    for (const end of ends) end();
  }

  /** The payloads of all frames that have left. */
  get payloads(): readonly Uint8Array[] {
    const reader = new ByteReader(concatBytes(this.writes.flat()));
    const payloads: Uint8Array[] = [];
    while (reader.left > 0) {
      const type = reader.u8();
      const length = reader.u32();
      const crc = reader.u32();
      const payload = reader.raw(length);
      expect([type, checksum(type, [payload])]).toEqual([7, crc]);
      payloads.push(payload);
    }
    return payloads;
  }
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe('a small frame', () => {
  it('leaves at once, in one piece with its header, whatever its parts', () => {
    const subject = new Subject();
    subject.outbox.open();
    const parts = [filled(3, 1), filled(5_000, 2), filled(600, 3)];
    subject.push(...parts);
    expect(subject.writes.map((pieces) => pieces.length)).toEqual([1]);
    expect(subject.payloads).toEqual([concatBytes(parts)]);
  });

  it('may be written over as soon as it is sent, also where it waits', () => {
    const subject = new Subject();
    const memory = filled(copiedBelowBytes - 1, 0);
    const send = (value: number): void => {
      subject.push(memory.fill(value));
    };
    send(1);
    subject.outbox.open();
    send(2);
    subject.endTurn();
    subject.needsDrain = true;
    send(3);
    subject.endTurn();
    send(4);
    subject.needsDrain = false;
    subject.outbox.drained();
    memory.fill(0);
    expect(subject.payloads).toEqual([1, 2, 3, 4].map((value) => filled(memory.length, value)));
  });

  it('of one connection stays what it is beside those of others', () => {
    const subjects = Array.from({ length: 50 }, () => new Subject());
    for (const subject of subjects) subject.outbox.open();
    for (let turn = 0; turn < 20; turn++) {
      for (const [at, subject] of subjects.entries()) subject.push(filled(300 + at, at));
      for (const subject of subjects) subject.endTurn();
    }
    for (const [at, subject] of subjects.entries()) {
      expect(subject.payloads).toEqual(Array.from({ length: 20 }, () => filled(300 + at, at)));
      expect([subject.counters.socket_writes, subject.writes.flat().length]).toEqual([20, 20]);
    }
  });
});

describe('a large frame', () => {
  it('is not copied but for what is small in it', () => {
    const subject = new Subject();
    subject.outbox.open();
    const [head, body] = [filled(20, 1), filled(copiedBelowBytes, 2)];
    subject.push(head, body);
    const [pieces = []] = subject.writes;
    expect([pieces.length, pieces[1] === body]).toEqual([2, true]);
    expect(subject.payloads).toEqual([concatBytes([head, body])]);
  });
});

describe('frames of one turn', () => {
  it('leave in two writes, the first alone and all others together', () => {
    const subject = new Subject();
    subject.outbox.open();
    const sizes = [10, 40_000, 20, 1_000, 30];
    for (const [at, size] of sizes.entries()) subject.push(filled(size, at));
    expect(subject.counters.socket_writes).toBe(1);
    subject.endTurn();
    expect(subject.counters.socket_writes).toBe(2);
    expect(subject.payloads).toEqual(sizes.map((size, at) => filled(size, at)));
  });

  it('do not wait in more memory than they take, though all of them are copied', () => {
    const subject = new Subject();
    for (let count = 0; count < 2_000; count++) subject.push(filled(600, 1));
    subject.outbox.open();
    const [pieces = []] = subject.writes;
    const slabs = new Set(pieces.map(({ buffer }) => buffer));
    let slabBytes = 0;
    for (const { byteLength } of slabs) slabBytes += byteLength;
    expect(subject.payloads).toHaveLength(2_000);
    expect(slabBytes).toBeLessThan(1.25 * 2_000 * 609);
  });
});
