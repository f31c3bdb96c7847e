/** Reads that need no entry in the log: rounds, and the lease. */
import { describe, expect, it } from 'vitest';
import { Lease } from '../../src/engines/lease.ts';
import { Outbox } from '../../src/engines/outbox.ts';
import { ReadRounds } from '../../src/engines/read-rounds.ts';

describe('rounds of reads', () => {
  it('confirm a round with all before it, and nothing that came later', () => {
    const [rounds, outbox] = [new ReadRounds(), new Outbox()];
    expect(rounds.startRound(3)).toBe(false);
    for (const ticket of [1, 2]) rounds.add(ticket);
    expect(rounds.startRound(3)).toBe(true);
    rounds.add(3);
    rounds.startRound(4);
    rounds.add(4);
    expect([rounds.round, rounds.pending, rounds.waiting]).toEqual([2, 4, true]);
    rounds.confirm(1, 9, outbox);
    expect(outbox.take(undefined, undefined, 0).reads).toEqual([
      { ticket: 1, index: 3 },
      { ticket: 2, index: 3 },
    ]);
    rounds.confirm(7, 9, outbox);
    expect(outbox.take(undefined, undefined, 0).reads).toEqual([{ ticket: 3, index: 4 }]);
    expect([rounds.pending, rounds.waiting]).toEqual([1, false]);
  });

  it('answer with the later index where it was not known yet what is decided', () => {
    const [rounds, outbox] = [new ReadRounds(), new Outbox()];
    rounds.add(1);
    rounds.startRound(undefined);
    rounds.confirm(1, 9, outbox);
    expect(outbox.take(undefined, undefined, 0).reads).toEqual([{ ticket: 1, index: 9 }]);
  });

  it('are refused together when leadership is over', () => {
    const [rounds, outbox] = [new ReadRounds(), new Outbox()];
    rounds.add(1);
    rounds.startRound(3);
    rounds.add(2);
    rounds.abandon(outbox, 'b');
    rounds.confirm(1, 9, outbox);
    expect(outbox.take(undefined, undefined, 0)).toMatchObject({
      reads: [],
      outcomes: [1, 2].map((ticket) => ({ ticket, reason: 'not-leader', leader: 'b' })),
    });
    expect(rounds.pending).toBe(0);
  });
});

describe('a lease', () => {
  it('counts from when the answered messages were sent, less what clocks may drift', () => {
    const lease = new Lease(1000, 0.1);
    expect(lease.holdsAt(0)).toBe(false);
    lease.extend(50);
    lease.extend(20);
    expect([lease.holdsAt(949), lease.holdsAt(950)]).toEqual([true, false]);
  });

  it('does not come back once it is revoked', () => {
    const lease = new Lease(1000, 0);
    lease.extend(50);
    lease.revoke();
    lease.extend(60);
    expect(lease.holdsAt(60)).toBe(false);
  });
});
