import {
  type Caller,
  decodeEntry,
  type LogIndex,
  type QuorateError,
  type Ticket,
  fromUtf8,
  utf8,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { RequestBody, RequestOutcome } from '../src/frames.ts';
import { defaultLimits, type LogLimits } from '../src/options.ts';
import { Requests } from '../src/requests.ts';

const headerBytes = 6;
const incarnation = 99;

interface Handed {
  readonly to: string;
  readonly ticket: Ticket;
  readonly body: RequestBody;
}

interface World {
  readonly readsAnywhere: boolean;
  now: number;
  leader: 'here' | { readonly to: string } | undefined;
  epoch: number;
}

function subject(
  limits: Partial<LogLimits> = {},
  readsAnywhere = false,
): {
  readonly requests: Requests<Caller>;
  readonly handed: Handed[];
  readonly world: World;
  readonly outcome: (outcome: RequestOutcome, from?: string) => void;
} {
  const handed: Handed[] = [];
  const world: World = { readsAnywhere, now: 0, leader: 'here', epoch: 1 };
  let ticket = 0;
  const requests = new Requests<Caller>(
    {
      readsAnywhere: world.readsAnywhere,
      leader: () => world.leader,
      epoch: () => world.epoch,
      here: (number, body) => handed.push({ to: 'here', ticket: number, body }),
      there: (to, number, body) => handed.push({ to, ticket: number, body }),
      now: () => world.now,
      wallTime: () => 1000,
      nextTicket: () => ++ticket,
      schedule: () => undefined,
    },
    { ...defaultLimits, ...limits },
    headerBytes,
    incarnation,
  );
  return {
    requests,
    handed,
    world,
    outcome: (outcome, from) => {
      requests.outcome(outcome, from, 0, 0);
    },
  };
}

function caller(): Caller & { readonly errors: string[] } {
  const errors: string[] = [];
  return { errors, reject: (error) => errors.push(error.code) };
}

/** What a promise-like request came to: an index, or the code of an error. */
function result(): { readonly settle: (to: LogIndex | QuorateError) => void; said: unknown[] } {
  const said: unknown[] = [];
  return { said, settle: (to) => said.push(typeof to === 'number' ? to : to.code) };
}

describe('a batch of commands', () => {
  it('gathers the commands of a turn into one entry, and gives its callers back with it', () => {
    const { requests, handed, outcome } = subject();
    const callers = [caller(), caller(), caller()];
    callers.forEach((who, at) => {
      requests.submit(utf8(`command ${String(at)}`), who);
    });
    requests.flush();
    expect(handed).toHaveLength(1);
    const [only] = handed;
    if (only?.body.kind !== 'append') throw new Error('an append was expected');
    const entry = decodeEntry(only.body.record, headerBytes);
    expect(entry).toMatchObject({ kind: 'commands', incarnation, ticket: only.ticket, time: 1000 });
    expect(entry.payloads).toHaveLength(3);
    outcome({ type: 'accepted', ticket: only.ticket, index: 5 });
    expect(requests.decided(5, incarnation, only.ticket)).toEqual(callers);
    expect(requests.size).toBe(0);
    expect(requests.pendingBytes).toBe(0);
  });

  it('holds the bytes as they were handed in, whatever becomes of them later', () => {
    const { requests, handed } = subject();
    const payload = utf8('first');
    for (const text of ['first', 'other', 'third']) {
      payload.set(utf8(text));
      requests.submit(payload, caller());
    }
    payload.fill(0);
    requests.flush();
    payload.set(utf8('later'));
    requests.submit(payload, caller());
    requests.flush();
    const texts = handed.map(({ body }) =>
      body.kind === 'append' ? decodeEntry(body.record, headerBytes).payloads.map(fromUtf8) : [],
    );
    expect(texts).toEqual([['first', 'other', 'third'], ['later']]);
  });

  it('goes into further entries beyond maxEntryBytes', () => {
    const { requests, handed } = subject({ maxEntryBytes: 1000 });
    for (let at = 0; at < 5; at++) requests.submit(new Uint8Array(400), caller());
    requests.flush();
    expect(
      handed.map(({ body }) =>
        body.kind === 'append' ? decodeEntry(body.record, headerBytes).payloads.length : -1,
      ),
    ).toEqual([2, 2, 1]);
  });

  it('is refused at once where a bound is reached', () => {
    const { requests } = subject({ maxCommandBytes: 100, maxPendingBytes: 250 });
    const large = caller();
    requests.submit(new Uint8Array(101), large);
    expect(large.errors).toEqual(['TOO_LARGE']);
    requests.submit(new Uint8Array(100), caller());
    requests.submit(new Uint8Array(100), caller());
    const late = caller();
    requests.submit(new Uint8Array(100), late);
    expect(late.errors).toEqual(['OVERLOADED']);
  });
});

describe('the outcomes of an append', () => {
  it('waits for a leader, and is definitely not done if none is found in time', () => {
    const { requests, handed, world } = subject();
    world.leader = undefined;
    const { settle, said } = result();
    requests.append([utf8('x')], settle);
    requests.flush();
    expect(handed).toEqual([]);
    world.now = defaultLimits.requestTimeoutMs;
    requests.sweep();
    expect(said).toEqual(['UNAVAILABLE']);
  });

  it('is asked for again, under a new ticket, when a node says that it does not lead', () => {
    const { requests, handed, world, outcome } = subject();
    const { settle, said } = result();
    world.leader = { to: 'b' };
    requests.append([utf8('x')], settle);
    requests.flush();
    const first = handed[0];
    expect(first?.to).toBe('b');
    outcome({ type: 'rejected', ticket: first?.ticket ?? 0, reason: 'not-leader' }, 'b');
    world.leader = { to: 'c' };
    requests.flush();
    expect(handed).toHaveLength(1);
    world.now += defaultLimits.retryMs;
    requests.flush();
    expect(handed[1]?.to).toBe('c');
    expect(handed[1]?.ticket).not.toBe(first?.ticket);
    // Bytes that may still be on their way are not written into.
    expect(handed[1]?.body).not.toBe(first?.body);
    if (first?.body.kind === 'append') {
      expect(decodeEntry(first.body.record, headerBytes).ticket).toBe(first.ticket);
    }
    requests.decided(9, incarnation, handed[1]?.ticket ?? 0);
    expect(said).toEqual([9]);
  });

  it('does not believe an outcome from a node that was not asked', () => {
    const { requests, handed, world, outcome } = subject();
    const { settle, said } = result();
    world.leader = { to: 'b' };
    requests.append([utf8('x')], settle);
    requests.flush();
    const ticket = handed[0]?.ticket ?? 0;
    outcome({ type: 'rejected', ticket, reason: 'overloaded' }, 'c');
    outcome({ type: 'rejected', ticket, reason: 'overloaded' });
    expect(said).toEqual([]);
    outcome({ type: 'rejected', ticket, reason: 'overloaded' }, 'b');
    expect(said).toEqual(['OVERLOADED']);
  });

  it('is handed on again when another entry is decided where it was accepted', () => {
    const { requests, handed, outcome, world } = subject();
    const { settle, said } = result();
    requests.append([utf8('x')], settle);
    requests.flush();
    outcome({ type: 'accepted', ticket: handed[0]?.ticket ?? 0, index: 5 });
    expect(requests.decided(5, 12345, 1)).toBeUndefined();
    world.now += defaultLimits.retryMs;
    requests.flush();
    expect(handed).toHaveLength(2);
    requests.decided(6, incarnation, handed[0]?.ticket ?? 0);
    expect(said).toEqual([]);
    requests.decided(7, incarnation, handed[1]?.ticket ?? 0);
    expect(said).toEqual([7]);
  });

  it('is handed on again when that entry had been delivered before the answer came', () => {
    const { requests, handed, world } = subject();
    const { settle, said } = result();
    requests.append([utf8('x')], settle);
    requests.flush();
    const accepted = { type: 'accepted', ticket: handed[0]?.ticket ?? 0, index: 5 } as const;
    requests.outcome(accepted, undefined, 7, 3);
    world.now += defaultLimits.retryMs;
    requests.flush();
    expect(handed).toHaveLength(2);
    expect(said).toEqual([]);
  });

  it('is handed on again when nothing of its epoch can be decided any more', () => {
    const { requests, handed, world, outcome } = subject();
    const { settle, said } = result();
    world.leader = { to: 'b' };
    requests.append([utf8('x')], settle);
    requests.flush();
    requests.settled(1);
    world.now += defaultLimits.retryMs;
    requests.flush();
    expect(handed).toHaveLength(1);

    world.leader = { to: 'c' };
    world.epoch = 2;
    requests.settled(2);
    world.now += defaultLimits.retryMs;
    requests.flush();
    expect(handed.map(({ to }) => to)).toEqual(['b', 'c']);
    // Whatever the old leader still says of the old ticket is nobody's any more.
    outcome({ type: 'accepted', ticket: handed[0]?.ticket ?? 0, index: 3 }, 'b');
    requests.decided(4, incarnation, handed[1]?.ticket ?? 0);
    expect(said).toEqual([4]);
  });

  it('is unknown in that case, if a snapshot jumped over a part of the log meanwhile', () => {
    const { requests, world } = subject();
    const { settle, said } = result();
    world.leader = { to: 'b' };
    requests.append([utf8('x')], settle);
    requests.flush();
    requests.jumped(8);
    expect(said).toEqual([]);
    requests.settled(2);
    expect(said).toEqual(['OUTCOME_UNKNOWN']);
  });

  it('is unknown when a snapshot jumped over the index', () => {
    const { requests, handed, outcome } = subject();
    const early = result();
    const late = result();
    requests.append([utf8('x')], early.settle);
    requests.append([utf8('y')], late.settle);
    requests.flush();
    outcome({ type: 'accepted', ticket: handed[0]?.ticket ?? 0, index: 5 });
    requests.jumped(8);
    expect(early.said).toEqual(['OUTCOME_UNKNOWN']);
    requests.outcome(
      { type: 'accepted', ticket: handed[1]?.ticket ?? 0, index: 6 },
      undefined,
      8,
      8,
    );
    expect(late.said).toEqual(['OUTCOME_UNKNOWN']);
  });

  it('is unknown when nothing is heard in time, and settles once', () => {
    const { requests, handed, world } = subject();
    const { settle, said } = result();
    requests.append([utf8('x')], settle);
    requests.flush();
    world.now = defaultLimits.requestTimeoutMs;
    requests.sweep();
    expect(said).toEqual(['OUTCOME_UNKNOWN']);
    requests.decided(4, incarnation, handed[0]?.ticket ?? 0);
    expect(said).toEqual(['OUTCOME_UNKNOWN']);
  });

  it('is not taken for one of a former run', () => {
    const { requests, handed } = subject();
    const { settle, said } = result();
    requests.append([utf8('x')], settle);
    requests.flush();
    requests.decided(4, incarnation - 1, handed[0]?.ticket ?? 0);
    expect(said).toEqual([]);
  });

  it('tells apart, at the end, what was handed on from what was not', () => {
    const { requests, world } = subject();
    const on = result();
    const waiting = result();
    const reading = result();
    requests.append([utf8('x')], on.settle);
    requests.ask({ kind: 'read', guarantee: 'linearizable' }, reading.settle);
    requests.flush();
    world.leader = undefined;
    requests.append([utf8('y')], waiting.settle);
    requests.close();
    expect(on.said).toEqual(['OUTCOME_UNKNOWN']);
    expect(waiting.said).toEqual(['CLOSED']);
    expect(reading.said).toEqual(['CLOSED']);
    expect(requests.size).toBe(0);
  });
});

describe('what nobody should say', () => {
  it('that an append is done or ready is not believed: its callers would never hear of it', () => {
    const { requests, handed, outcome } = subject();
    const who = caller();
    requests.submit(utf8('x'), who);
    requests.flush();
    const ticket = handed[0]?.ticket ?? 0;
    outcome({ type: 'done', ticket, index: 3 });
    outcome({ type: 'ready', ticket, index: 3 });
    expect(requests.size).toBe(1);
    requests.close();
    expect(who.errors).toEqual(['OUTCOME_UNKNOWN']);
  });
});

describe('giving up', () => {
  it('is definite for what waits, and for a read; what was handed on may still happen', () => {
    const { requests, handed, world } = subject();
    const none = result();
    const on = requests.append([utf8('x')], none.settle);
    const reading = requests.ask({ kind: 'read', guarantee: 'linearizable' }, none.settle);
    requests.flush();
    world.leader = undefined;
    const waiting = requests.ask({ kind: 'transfer', to: undefined }, none.settle);
    expect([on(), reading(), waiting()]).toEqual([false, true, true]);
    world.leader = 'here';
    requests.flush();
    expect(handed).toHaveLength(2);
    expect(requests.size).toBe(1);
    requests.decided(1, incarnation, handed[0]?.ticket ?? 0);
    expect(requests.pendingBytes).toBe(0);
  });
});

describe('bounds', () => {
  it('hold for requests without payloads too', () => {
    const { requests } = subject({ maxPendingBytes: 1000 });
    const { settle, said } = result();
    for (let ask = 0; ask < 5; ask++) {
      requests.ask({ kind: 'read', guarantee: 'linearizable' }, settle);
    }
    for (let append = 0; append < 50; append++) requests.append([], settle);
    expect(said.filter((code) => code === 'OVERLOADED').length).toBeGreaterThan(10);
    expect(requests.pendingBytes).toBeLessThanOrEqual(1000);
    requests.close();
    expect(requests.pendingBytes).toBe(0);
  });
});

describe('a read', () => {
  it('is asked for again when no answer comes, since reading twice is harmless', () => {
    const { requests, handed, world, outcome } = subject();
    const { settle, said } = result();
    world.leader = { to: 'b' };
    requests.ask({ kind: 'read', guarantee: 'linearizable' }, settle);
    requests.flush();
    world.now += 10 * defaultLimits.retryMs;
    requests.sweep();
    world.now += defaultLimits.retryMs;
    requests.flush();
    expect(handed).toHaveLength(2);
    // The answer to the first one has lost its place; the second counts.
    outcome({ type: 'ready', ticket: handed[0]?.ticket ?? 0, index: 3 }, 'b');
    expect(said).toEqual([]);
    outcome({ type: 'ready', ticket: handed[1]?.ticket ?? 0, index: 4 }, 'b');
    expect(said).toEqual([4]);
  });

  it('that gets no answer in time is a time-out: nothing happened', () => {
    const { requests, world } = subject();
    const { settle, said } = result();
    requests.ask({ kind: 'read', guarantee: 'lease' }, settle);
    requests.flush();
    world.now = defaultLimits.requestTimeoutMs;
    requests.sweep();
    expect(said).toEqual(['TIMEOUT']);
  });
});

describe('rejections', () => {
  it.each([
    ['overloaded', 'OVERLOADED'],
    ['change-in-progress', 'CHANGE_IN_PROGRESS'],
    ['invalid', 'INVALID_ARGUMENT'],
    ['timed-out', 'TRANSFER_FAILED'],
  ] as const)('%s reaches the caller as %s', (reason, code) => {
    const { requests, handed, outcome } = subject();
    const { settle, said } = result();
    requests.ask({ kind: 'change', change: [] }, settle);
    requests.flush();
    outcome({ type: 'rejected', ticket: handed[0]?.ticket ?? 0, reason });
    expect(said).toEqual([code]);
  });
});

describe('reads where every node answers them', () => {
  it('asks the engine here, without a leader', () => {
    const { requests, handed, world, outcome } = subject({}, true);
    world.leader = undefined;
    const read = result();
    requests.ask({ kind: 'read', guarantee: 'linearizable' }, read.settle);
    requests.append([utf8('x')], result().settle);
    requests.flush();
    expect(handed.map(({ to, body }) => [to, body.kind])).toEqual([['here', 'read']]);
    outcome({ type: 'ready', ticket: handed[0]?.ticket ?? 0, index: 7 });
    expect(read.said).toEqual([7]);
    world.leader = { to: 'n2' };
    requests.flush();
    expect(handed.map(({ to, body }) => [to, body.kind])).toEqual([
      ['here', 'read'],
      ['n2', 'append'],
    ]);
  });

  it('asks the leader for what rests on its lease', () => {
    const { requests, handed, world } = subject({}, true);
    world.leader = { to: 'n2' };
    requests.ask({ kind: 'read', guarantee: 'lease' }, result().settle);
    requests.flush();
    expect(handed.map(({ to }) => to)).toEqual(['n2']);
  });

  it('asks again where the engine here gave up', () => {
    const { requests, handed, world, outcome } = subject({ retryMs: 10 }, true);
    world.leader = undefined;
    requests.ask({ kind: 'read', guarantee: 'linearizable' }, result().settle);
    requests.flush();
    outcome({ type: 'rejected', ticket: handed[0]?.ticket ?? 0, reason: 'not-leader' });
    world.now = 20;
    requests.flush();
    expect(handed).toHaveLength(2);
  });
});
