/** Commands in sessions: they happen once, in order, however often they come; until the session has ended. */
import type { Envelope } from '@quorate/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { maxKeptReplies, maxSessions } from '../../src/sessions/limits.ts';
import type { Command } from '../register.ts';
import { add, openWorld, type World } from '../world.ts';
import { decide, payloadOfEnvelope, type Told } from './probe.ts';

let world: World;
let session = 0;
/** The machine's clock. */
let time = 1_000_000;

beforeEach(async () => {
  world = await openWorld();
  time = 1_000_000;
  session = open(10_000);
});

function say(envelope: Envelope, command?: Command): Told {
  const [told] = decide(world, [payloadOfEnvelope(envelope, command)], time);
  if (told === undefined) throw new Error('one payload, one answer');
  return told;
}

function open(timeoutMs: number): number {
  const told = say({ type: 'open-session', timeoutMs });
  if (told.type !== 'session') throw new Error(`no session: ${told.type}`);
  return told.session;
}

function command(sequence: number, by: number, answered: number = 0, of: number = session): Told {
  return say({ type: 'session-command', session: of, sequence, answered }, add(by));
}

const expired = { type: 'refused', code: 'SESSION_EXPIRED' };
const outOfOrder = { type: 'refused', code: 'OUT_OF_ORDER' };

describe('a command', () => {
  it('that comes again gets the reply of the first time, and does not happen again', () => {
    expect(command(1, 5)).toEqual({ type: 'result', sum: 5 });
    expect(command(2, 7)).toEqual({ type: 'result', sum: 12 });
    expect(command(1, 5)).toEqual({ type: 'result', sum: 5 });
    expect(command(2, 7)).toEqual({ type: 'result', sum: 12 });
    expect(world.machine.sum).toBe(12);
    expect(world.replica.counters).toMatchObject({ commands_repeated: 2, commands_applied: 2 });
  });

  it('that comes before its time is refused, and happens when it comes in order', () => {
    expect(command(2, 7)).toEqual(outOfOrder);
    expect(command(1, 5)).toEqual({ type: 'result', sum: 5 });
    expect(command(2, 7)).toEqual({ type: 'result', sum: 12 });
    expect(command(4, 1)).toEqual(outOfOrder);
    expect(world.machine.sum).toBe(12);
  });

  it('that the machine refuses is refused again with the same reason', () => {
    const refuse = (): Told =>
      say({ type: 'session-command', session, sequence: 1, answered: 0 }, { type: 'refuse' });
    expect(refuse()).toEqual({ type: 'rejected', reason: 'refused by the machine' });
    expect(refuse()).toEqual({ type: 'rejected', reason: 'refused by the machine' });
    expect(command(2, 1)).toEqual({ type: 'result', sum: 1 });
  });

  it('that cannot be decoded is refused and has taken its turn', () => {
    const [told] = decide(
      world,
      [payloadOfEnvelope({ type: 'session-command', session, sequence: 1, answered: 0 })],
      time,
    );
    expect(told).toMatchObject({ type: 'rejected' });
    expect(command(2, 1)).toEqual({ type: 'result', sum: 1 });
  });

  it('whose reply has arrived is not answered any more, and does not happen again', () => {
    command(1, 5);
    command(2, 7, 1);
    expect(command(1, 5)).toEqual({ type: 'refused', code: 'OUTCOME_UNKNOWN' });
    expect(command(2, 7)).toEqual({ type: 'result', sum: 12 });
    expect(world.machine.sum).toBe(12);
  });

  it('may claim to have had answers that there are none of yet', () => {
    expect(command(1, 5, 1000)).toEqual({ type: 'result', sum: 5 });
    expect(command(2, 5, 1000)).toEqual({ type: 'result', sum: 10 });
    expect(command(1, 5)).toEqual({ type: 'refused', code: 'OUTCOME_UNKNOWN' });
  });

  it('of one session has nothing to do with those of another', () => {
    const other = open(10_000);
    expect(command(1, 5)).toEqual({ type: 'result', sum: 5 });
    expect(command(1, 5, 0, other)).toEqual({ type: 'result', sum: 10 });
    expect(command(1, 5)).toEqual({ type: 'result', sum: 5 });
  });

  it('finds no session where none was opened', () => {
    expect(command(1, 5, 0, session + 1)).toEqual(expired);
    expect(world.machine.sum).toBe(0);
  });
});

describe('a command that is taken back', () => {
  const skip = (sequence: number): Told => say({ type: 'skip', session, sequence, answered: 0 });

  it('never happens if it has not yet, whenever it comes', () => {
    expect(skip(1)).toEqual({ type: 'skipped' });
    expect(command(1, 5)).toEqual({ type: 'skipped' });
    expect(command(2, 7)).toEqual({ type: 'result', sum: 7 });
  });

  it('has the reply that it had if it has happened', () => {
    command(1, 5);
    expect(skip(1)).toEqual({ type: 'result', sum: 5 });
    expect(skip(3)).toEqual(outOfOrder);
  });
});

describe('a session', () => {
  const tick = (type: 'time' | 'leader', at: number): void => {
    time = at;
    expect(say({ type })).toEqual({ type: 'done' });
  };
  const keep = (): Told => say({ type: 'keep-session', session, answered: 0 });

  it('ends when the leader says that its time is over, and not before', () => {
    command(1, 5);
    tick('time', 1_009_999);
    time = 1_020_000;
    expect(command(1, 5)).toEqual({ type: 'result', sum: 5 });
    tick('time', 1_029_999);
    expect(keep()).toEqual({ type: 'done' });
    tick('time', 1_039_999);
    expect(command(1, 5)).toEqual(expired);
    expect(command(2, 5)).toEqual(expired);
    expect(keep()).toEqual(expired);
    expect(world.machine.sum).toBe(5);
    expect(world.replica.counters).toMatchObject({ sessions: 0, sessions_expired: 1 });
  });

  it('has all of its time again under a new leader', () => {
    tick('leader', 1_050_000);
    tick('time', 1_059_999);
    expect(keep()).toEqual({ type: 'done' });
    tick('leader', 1_060_000);
    tick('time', 1_070_000);
    expect(keep()).toEqual(expired);
  });

  it('can be closed, once', () => {
    const close = (): Told => say({ type: 'close-session', session });
    expect(close()).toEqual({ type: 'done' });
    expect(close()).toEqual(expired);
    expect(command(1, 5)).toEqual(expired);
  });

  it('has a number that no other one gets', () => {
    say({ type: 'close-session', session });
    expect(open(1000)).toBe(session + 1);
  });

  it('lives no shorter and no longer than the bounds allow', () => {
    say({ type: 'close-session', session });
    session = open(0);
    tick('time', time + 99);
    expect(keep()).toEqual({ type: 'done' });
    tick('time', time + 100);
    expect(keep()).toEqual(expired);
  });

  it('makes room for another one where there are too many, the most silent first', () => {
    for (let more = 1; more < maxSessions; more++) open(10_000);
    time += 1;
    expect(keep()).toEqual({ type: 'done' });
    open(10_000);
    expect(keep()).toEqual({ type: 'done' });
    expect(say({ type: 'keep-session', session: session + 1, answered: 0 })).toEqual(expired);
    expect(say({ type: 'keep-session', session: session + 2, answered: 0 })).toEqual({
      type: 'done',
    });
    expect(world.replica.counters).toMatchObject({ sessions: maxSessions, sessions_evicted: 1 });
  });

  it('takes no more commands than it can keep replies of, until some have arrived', () => {
    for (let sequence = 1; sequence <= maxKeptReplies; sequence++) command(sequence, 1);
    const next = maxKeptReplies + 1;
    expect(command(next, 1)).toEqual({ type: 'refused', code: 'OVERLOADED' });
    expect(world.machine.sum).toBe(maxKeptReplies);
    expect(command(next, 1, 1)).toEqual({ type: 'result', sum: next });
  });
});
