import {
  ByteReader,
  ByteWriter,
  encodeEntry,
  FrameWriter,
  MalformedError,
  type MessageCodec,
  type NodeId,
  silentLogger,
  totalBytes,
  type Transport,
  utf8,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { PeerMessage } from '../src/frames.ts';
import { Inbox } from '../src/inbox.ts';
import { Outbox } from '../src/outbox.ts';

const codec: MessageCodec<string> = {
  encode: (message, frame) => frame.fields.string(message),
  decode: (reader) => reader.string(),
};

/** Frames that one node sends, all of them concatenated. */
function framesOf(
  group: number,
  maxFrameBytes: number,
  fill: (outbox: Outbox<string>) => void,
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const transport: Transport = {
    maxFrameBytes,
    address: undefined,
    start: () => Promise.resolve(),
    setPeers: () => undefined,
    send: (_to, parts) => {
      const writer = new ByteWriter(totalBytes(parts));
      for (const part of parts) writer.raw(part);
      frames.push(writer.take());
    },
    close: () => Promise.resolve(),
  };
  const outbox = new Outbox<string>(transport, codec, new FrameWriter(), group, 77);
  fill(outbox);
  outbox.flush();
  return frames;
}

function subject(peer: (message: PeerMessage) => void = () => undefined): {
  readonly inbox: Inbox<string>;
  readonly said: unknown[];
  readonly failures: unknown[];
  readonly warnings: unknown[];
} {
  const said: unknown[] = [];
  const failures: unknown[] = [];
  const warnings: unknown[] = [];
  const inbox = new Inbox<string>(
    {
      heard: (from: NodeId, run) => said.push(['heard', from, run]),
      engine: (_from, message) => said.push(message),
      peer: (_from, run, message) => {
        said.push([run, message.type]);
        peer(message);
      },
      failed: (error) => failures.push(error),
    },
    codec,
    3,
    { ...silentLogger, warn: (_message, fields) => warnings.push(fields?.['times']) },
  );
  return { inbox, said, failures, warnings };
}

describe('what nobody waits for', () => {
  const heard = (frame: Uint8Array): unknown[] => {
    const { inbox, said } = subject();
    inbox.receive('b', frame);
    return said.filter((each) => typeof each === 'string');
  };

  it('goes with the next frame to the same node, the latest of it alone', () => {
    const frames = framesOf(3, 1000, (outbox) => {
      outbox.inPassing('b', 'one', 1);
      outbox.inPassing('b', 'two', 2);
      outbox.inPassing('c', 'for c', 2);
      outbox.flush();
      outbox.engine('b', 'next');
    });
    expect(frames.map(heard)).toEqual([['next', 'two']]);
  });

  it('goes by itself once it has been kept for long enough, and then no more', () => {
    const rests: unknown[] = [];
    const frames = framesOf(3, 1000, (outbox) => {
      outbox.inPassing('b', 'old', 1);
      outbox.inPassing('c', 'fresh', 4);
      outbox.inPassing('d', 'fresher', 5);
      for (const until of [0, 1, 3, 5, 9]) rests.push(outbox.flushKept(until));
    });
    expect(frames.map(heard)).toEqual([['old'], ['fresh'], ['fresher']]);
    expect(rests).toEqual([1, 4, 4, undefined, undefined]);
  });

  it('goes in a frame of its own where the next one has no room', () => {
    const frames = framesOf(3, 60, (outbox) => {
      outbox.engine('b', 'x'.repeat(40));
      outbox.inPassing('b', 'y'.repeat(30), 1);
    });
    expect(frames.map(heard)).toEqual([['x'.repeat(40)], ['y'.repeat(30)]]);
  });
});

describe('frames', () => {
  it('that make no sense are counted, and do not fill the log', () => {
    const { inbox, failures, warnings } = subject();
    for (let time = 0; time < 1000; time++) inbox.receive('a', new Uint8Array([9, 9]));
    expect(inbox.framesRefused).toBe(1000);
    expect(warnings).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(failures).toEqual([]);
  });

  it('carry everything of a turn, in order, split where they are full', () => {
    const frames = framesOf(3, 100, (outbox) => {
      outbox.engine('b', 'one');
      outbox.peer('b', { type: 'watch', index: 5 });
      outbox.engine('b', 'x'.repeat(60));
      outbox.engine('b', 'two');
    });
    expect(frames.length).toBe(2);
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(100);
    const { inbox, said } = subject();
    for (const frame of frames) inbox.receive('a', frame);
    expect(said).toEqual([
      ['heard', 'a', 77],
      'one',
      [77, 'watch'],
      ['heard', 'a', 77],
      'x'.repeat(60),
      'two',
    ]);
  });

  it('in parts are read wherever they are cut, and refused wherever they end too early', () => {
    const [frame] = framesOf(3, 1000, (outbox) => {
      outbox.engine('b', 'one');
      outbox.peer('b', { type: 'watch', index: 5 });
      outbox.engine('b', 'two');
    });
    if (frame === undefined) throw new Error('no frame');
    for (let size = 1; size <= frame.length; size++) {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < frame.length; at += size) parts.push(frame.subarray(at, at + size));
      const { inbox, said } = subject();
      inbox.receiveParts('a', parts);
      expect(said).toEqual([['heard', 'a', 77], 'one', [77, 'watch'], 'two']);
      const last = parts.pop() ?? frame;
      inbox.receiveParts('a', [...parts, last.subarray(0, -1)]);
      expect(inbox.framesRefused).toBe(1);
    }
  });

  it('in parts are only read, though a driver writes into what was forwarded to it', () => {
    const record = encodeEntry(
      { kind: 'commands', time: 0, incarnation: 77, ticket: 3, payloads: [utf8('x'.repeat(600))] },
      4,
    );
    const [frame] = framesOf(3, 2000, (outbox) => {
      const body = { kind: 'append', record } as const;
      outbox.peer('b', { type: 'request', ticket: 3, target: 1, epoch: 1, body });
    });
    if (frame === undefined) throw new Error('no frame');
    const before = frame.slice();
    let received: Uint8Array | undefined;
    const { inbox, failures } = subject((message) => {
      if (message.type !== 'request' || message.body.kind !== 'append') throw new Error('not it');
      received = message.body.record;
      received.fill(9);
    });
    inbox.receiveParts('a', [frame]);
    expect(failures).toEqual([]);
    expect(received).toHaveLength(record.length);
    expect(frame).toEqual(before);
  });

  it('for another group, of another version, cut short or of unknown kind are counted and dropped', () => {
    const [good] = framesOf(3, 1000, (outbox) => {
      outbox.engine('b', 'one');
    });
    const [foreign] = framesOf(4, 1000, (outbox) => {
      outbox.engine('b', 'one');
    });
    if (good === undefined || foreign === undefined) throw new Error('no frames');
    const { inbox, said, failures } = subject();
    inbox.receive('a', foreign);
    inbox.receive('a', new Uint8Array(0));
    inbox.receive(
      'a',
      good.map((byte, at) => (at === 0 ? 9 : byte)),
    );
    expect(said).toEqual([]);
    inbox.receive('a', good.subarray(0, good.length - 1));
    inbox.receive(
      'a',
      good.map((byte, at) => (at === 11 ? 99 : byte)),
    );
    expect(said).toEqual([
      ['heard', 'a', 77],
      ['heard', 'a', 77],
    ]);
    expect(inbox.framesRefused).toBe(5);
    expect(failures).toEqual([]);
  });

  it('with a message that makes no sense lose their rest; any other failure is fatal', () => {
    const [frame] = framesOf(3, 1000, (outbox) => {
      outbox.engine('b', 'before');
      outbox.peer('b', { type: 'watch', index: 5 });
      outbox.engine('b', 'after');
    });
    if (frame === undefined) throw new Error('no frame');
    let thrown: Error = new MalformedError('nonsense');
    const { inbox, said, failures } = subject(() => {
      throw thrown;
    });
    inbox.receive('a', frame);
    expect(said).toEqual([['heard', 'a', 77], 'before', [77, 'watch']]);
    expect(failures).toEqual([]);
    thrown = new Error('a bug');
    inbox.receive('a', frame);
    expect(failures).toEqual([thrown]);
    expect(new ByteReader(frame).u8()).toBe(2);
  });
});
