import { decodeEntry, encodeEntry, MalformedError, type Ticket, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { PeerRuns } from '../src/duplicates.ts';
import { ForeignRequests } from '../src/foreign.ts';
import type { PeerMessage, RequestBody, RequestOutcome } from '../src/frames.ts';
import { defaultLimits, type LogLimits } from '../src/options.ts';

const headerBytes = 6;
const here = 11;
const there = 22;

type Request = Extract<PeerMessage, { readonly type: 'request' }>;

function subject(limits: Partial<LogLimits> = {}): {
  readonly foreign: ForeignRequests;
  readonly runs: PeerRuns;
  readonly stepped: { readonly ticket: Ticket; readonly body: RequestBody }[];
  readonly world: { epoch: number | undefined };
  readonly answers: {
    readonly to: string;
    readonly run: number;
    readonly outcome: RequestOutcome;
  }[];
} {
  const runs = new PeerRuns(() => true);
  runs.heard('b', there);
  const stepped: { ticket: Ticket; body: RequestBody }[] = [];
  const answers: { to: string; run: number; outcome: RequestOutcome }[] = [];
  const world: { epoch: number | undefined } = { epoch: 3 };
  let ticket = 1000;
  const foreign = new ForeignRequests(
    {
      epoch: () => world.epoch,
      step: (number, body) => stepped.push({ ticket: number, body }),
      answer: (to, run, outcome) => answers.push({ to, run, outcome }),
      nextTicket: () => ++ticket,
      wallTime: () => 5000,
    },
    runs,
    here,
    headerBytes,
    { ...defaultLimits, ...limits },
  );
  return { foreign, runs, stepped, answers, world };
}

function append(
  ticket: Ticket,
  changes: Partial<{ incarnation: number; ticket: number; payloads: Uint8Array[] }> = {},
): Request {
  const record = encodeEntry(
    { kind: 'commands', time: 1, incarnation: there, ticket, payloads: [utf8('x')], ...changes },
    headerBytes,
  );
  return { type: 'request', ticket, target: here, epoch: 3, body: { kind: 'append', record } };
}

describe('requests of other nodes', () => {
  it('reach the engine under a ticket of this node, with the time of this node', () => {
    const { foreign, stepped, answers } = subject();
    foreign.receive('b', there, append(7));
    expect(stepped).toHaveLength(1);
    const [only] = stepped;
    if (only?.body.kind !== 'append') throw new Error('an append was expected');
    expect(decodeEntry(only.body.record, headerBytes)).toMatchObject({
      time: 5000,
      incarnation: there,
      ticket: 7,
    });
    expect(foreign.outcome({ type: 'accepted', ticket: only.ticket, index: 3 })).toBe(true);
    expect(answers).toEqual([
      { to: 'b', run: there, outcome: { type: 'accepted', ticket: 7, index: 3 } },
    ]);
    // An append has no second outcome: its entry tells the rest.
    expect(foreign.outcome({ type: 'unknown', ticket: only.ticket })).toBe(false);
  });

  it('happen once, however often they arrive, and the copies are not even answered', () => {
    const { foreign, stepped, answers } = subject();
    for (let copy = 0; copy < 3; copy++) foreign.receive('b', there, append(7));
    expect(stepped).toHaveLength(1);
    expect(answers).toEqual([]);
  });

  it('meant for a former run of this node are ignored: it may have carried them out', () => {
    const { foreign, stepped, answers } = subject();
    foreign.receive('b', there, { ...append(7), target: here - 1 });
    expect(stepped).toEqual([]);
    expect(answers).toEqual([]);
  });

  it('must hold commands of the run that sends them', () => {
    const { foreign, stepped } = subject();
    expect(() => {
      foreign.receive('b', there, append(7, { incarnation: there + 1 }));
    }).toThrow(MalformedError);
    expect(() => {
      foreign.receive('b', there, append(7, { ticket: 8 }));
    }).toThrow(MalformedError);
    expect(() => {
      foreign.receive('b', there, {
        type: 'request',
        ticket: 7,
        target: here,
        epoch: 3,
        body: { kind: 'append', record: new Uint8Array(5) },
      });
    }).toThrow(MalformedError);
    expect(stepped).toEqual([]);
  });

  it('beyond the bound are refused, so that the node that asks can tell its callers', () => {
    const { foreign, stepped, answers } = subject({ maxForeignRequests: 2 });
    for (const ticket of [1, 2, 3]) {
      foreign.receive('b', there, {
        type: 'request',
        ticket,
        target: here,
        epoch: 3,
        body: { kind: 'read', guarantee: 'linearizable' },
      });
    }
    expect(stepped).toHaveLength(2);
    expect(answers).toEqual([
      { to: 'b', run: there, outcome: { type: 'rejected', ticket: 3, reason: 'overloaded' } },
    ]);
  });

  it('too long for the log are refused, so that every entry in it fits into a frame', () => {
    const limits = { maxEntryBytes: 1000, maxCommandBytes: 2000 };
    const { foreign, stepped, answers } = subject(limits);
    foreign.receive('b', there, append(7, { payloads: [new Uint8Array(2000)] }));
    expect(stepped).toHaveLength(1);
    foreign.receive('b', there, append(8, { payloads: [new Uint8Array(2001)] }));
    expect(stepped).toHaveLength(1);
    expect(answers).toMatchObject([
      { to: 'b', outcome: { type: 'rejected', ticket: 8, reason: 'invalid' } },
    ]);
  });

  it('of a former run are told apart from those of the present one, with the same ticket', () => {
    const { foreign, runs, stepped, answers } = subject();
    foreign.receive('b', there, append(7));
    runs.heard('b', there + 1);
    foreign.receive('b', there + 1, append(7, { incarnation: there + 1 }));
    expect(stepped).toHaveLength(2);
    for (const { ticket } of stepped) foreign.outcome({ type: 'accepted', ticket, index: ticket });
    expect(answers.map(({ run }) => run)).toEqual([there, there + 1]);
  });

  it('are taken in the epoch that they name, and definitely refused in any other', () => {
    const { foreign, stepped, answers, world } = subject();
    world.epoch = 4;
    foreign.receive('b', there, append(7));
    world.epoch = undefined;
    foreign.receive('b', there, append(8));
    world.epoch = 3;
    // A copy of what was refused must not be taken after all.
    foreign.receive('b', there, append(7));
    expect(stepped).toEqual([]);
    expect(answers.map(({ outcome }) => outcome)).toEqual([
      { type: 'rejected', ticket: 7, reason: 'not-leader' },
      { type: 'rejected', ticket: 8, reason: 'not-leader' },
    ]);
    foreign.receive('b', there, append(9));
    expect(stepped).toHaveLength(1);
  });

  it('of a change get both of its outcomes', () => {
    const { foreign, stepped, answers } = subject();
    foreign.receive('b', there, {
      type: 'request',
      ticket: 7,
      target: here,
      epoch: 3,
      body: { kind: 'change', change: [{ type: 'remove', id: 'c' }] },
    });
    const ticket = stepped[0]?.ticket ?? 0;
    foreign.outcome({ type: 'accepted', ticket, index: 3 });
    foreign.outcome({ type: 'done', ticket, index: 4 });
    expect(answers.map(({ outcome }) => outcome.type)).toEqual(['accepted', 'done']);
  });
});
