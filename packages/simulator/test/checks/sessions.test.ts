/** The second opinion on sessions: what it says happens, and that machines are held to it. */
import { ByteWriter, encodeEntry, type Envelope, writeEnvelope } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { Sessions } from '../../src/checks/sessions.ts';
import { Journal } from '../../src/world/journal.ts';
import { Schedule } from '../../src/world/schedule.ts';

const headerBytes = 8;

/** A log that is read, and which of its payloads have something to do. */
function logOf(
  entries: readonly (readonly [time: number, ...envelopes: Envelope[]])[],
  window = 4,
) {
  const journal = new Journal(new Schedule(), undefined, () => undefined);
  const sessions = new Sessions({ headerBytes, journal, window });
  entries.forEach(([time, ...envelopes], at) => {
    const payloads = envelopes.map((envelope) => {
      const writer = new ByteWriter();
      writeEnvelope(envelope, writer);
      return writer.take();
    });
    const entry = { kind: 'commands', time, incarnation: 1, ticket: at, payloads } as const;
    sessions.decided(at + 1, encodeEntry(entry, headerBytes));
  });
  return { sessions, coverage: journal.coverage };
}

const open: Envelope = { type: 'open-session', timeoutMs: 1000 };
const command = (sequence: number, answered = 0, session = 1): Envelope => ({
  type: 'session-command',
  session,
  sequence,
  answered,
});
const skip = (sequence: number): Envelope => ({ type: 'skip', session: 1, sequence, answered: 0 });

/** Lets a machine do what stands at these positions of the second entry. */
function follow(envelopes: readonly Envelope[], ...positions: readonly number[]): void {
  const { sessions } = logOf([
    [10, open],
    [20, ...envelopes],
  ]);
  const follower = sessions.follower('n1');
  for (const position of positions) follower.did({ index: 2, position });
}

describe('the second table of sessions', () => {
  it('has each number happen once, in order, and nothing in the place of a skip', () => {
    const envelopes = [command(1), command(1), command(3), skip(2), command(2), command(3)];
    expect(() => {
      follow(envelopes, 0, 5);
    }).not.toThrow();
    expect(() => {
      follow(envelopes, 0, 1);
    }).toThrow(
      'exactly once: n1 carries out command 1 of entry 2, and command 5 of entry 2 is what comes next',
    );
    expect(() => {
      follow(envelopes, 5);
    }).toThrow('exactly once');
    expect(() => {
      follow(envelopes, 0, 5, 5);
    }).toThrow('and nothing is what comes next');
  });

  it('counts the rare paths', () => {
    const { coverage } = logOf([
      [10, open, open],
      [20, command(1), command(1), command(3), skip(2)],
      [30, { type: 'keep-session', session: 2, answered: 0 }],
      [40, { type: 'close-session', session: 2 }, command(1, 0, 2)],
      [50, { type: 'leader' }],
      [1050, { type: 'time' }],
    ]);
    expect(Object.fromEntries(coverage)).toEqual({
      'session opened': 2,
      'command repeated': 1,
      'command out of order': 1,
      'command skipped': 1,
      'session kept': 1,
      'session closed': 1,
      'command of an ended session': 1,
      'sessions renewed by a new leader': 1,
      'session expired': 1,
    });
  });

  it('ends a session by the time of the log alone, which never falls', () => {
    const ended = (...entries: Parameters<typeof logOf>[0]): boolean =>
      logOf([[1000, open], ...entries]).coverage.has('session expired');
    expect(ended([1999, { type: 'time' }])).toBe(false);
    expect(ended([2000, { type: 'time' }])).toBe(true);
    expect(ended([5000, command(1)])).toBe(false);
    expect(ended([5000, command(1)], [100, { type: 'time' }])).toBe(false);
    expect(ended([5000, { type: 'leader' }], [5999, { type: 'time' }])).toBe(false);
  });

  it('finds a client that lets more replies be kept than it has commands under way', () => {
    const many = [command(1), command(2), command(3)];
    expect(() => logOf([[1, open, ...many]], 3)).not.toThrow();
    expect(() => logOf([[1, open, ...many]], 2)).toThrow(
      'memory: 3 replies are kept for session 1, whose client has at most 2 commands under way',
    );
    expect(() => logOf([[1, open, command(1), command(2), command(3, 1)]], 2)).not.toThrow();
  });

  it('takes a machine up behind a snapshot', () => {
    const { sessions } = logOf([
      [10, open],
      [20, command(1), command(1), command(2)],
      [30, { type: 'command' }],
    ]);
    const follower = sessions.follower('n1');
    follower.restored({ index: 2, position: 0 });
    follower.did({ index: 2, position: 2 });
    follower.did({ index: 3, position: 0 });
    follower.restored({ index: 0, position: 0 });
    expect(() => {
      follower.did({ index: 2, position: 2 });
    }).toThrow('exactly once');
  });
});
