/**
 * When a round may be called settled although its leader was taught what it did not know: whoever taught
 * it had it from a former leader, and that one may have gone α slots further.
 */
import { describe, expect, it } from 'vitest';
import { acceptAll, divide, electOfTheOld, leaderOfTheOld } from './divided.ts';
import { electionTimeoutMs, seeds } from './paxos-cluster.ts';
import { learned, promise } from './solo.ts';

describe('the record that settles a round', () => {
  it('stands α slots behind what a late promise called chosen', () => {
    for (const isLate of [false, true]) {
      const solo = leaderOfTheOld();
      // The new voters have decided up to slot 9. In 10 to 13 there may be votes that nobody tells of.
      const asked = solo.last('prepare', 'n4');
      for (const id of ['n4', 'n5']) if (!isLate) solo.receive(id, promise(asked, { chosen: 9 }));
      solo.receive('n4', learned(6, '3.n2', ['e', 'f', 'g', 'h']));
      for (const id of ['n4', 'n5']) if (isLate) solo.receive(id, promise(asked, { chosen: 9 }));
      acceptAll(solo, 'n4');
      const values = [10, 11, 12, 13, 14].map((slot) => solo.proposedIn(slot));
      expect(values).toEqual(['noop', 'noop', 'noop', 'noop', 'settled']);
    }
  });

  it('stands behind every command of a former leader that is ever decided', () => {
    let found = 0;
    for (const seed of seeds(20)) {
      const divided = divide(seed);
      const { cluster, leader, before, after } = divided;
      const toOld = cluster.network.tap;
      // A decides much with D and E, and its last proposals reach nobody but its own disk.
      for (let count = 0; count < 8; count++) {
        leader.propose([new Uint8Array([count])]);
        cluster.run(8);
      }
      cluster.run(20);
      const { lastIndex } = leader.engine.status;
      cluster.network.tap = (from, to, message) =>
        from === leader.id && message.type === 'accept' && message.proposals.length > 0
          ? 'drop'
          : toOld(from, to, message);
      const orphans = [1, 2, 3].map((at) => leader.propose([new Uint8Array([at, at])]));
      cluster.until(() => leader.disk.durable.last === lastIndex + orphans.length, 'its votes');
      leader.crash();
      // B or C leads, is taught by D and E, and settles its round.
      cluster.network.tap = (from, _to, { type }) => {
        const isNew = after.some(({ id }) => id === from);
        return isNew && (type === 'survey' || type === 'prepare') ? 'drop' : 'pass';
      };
      const next = electOfTheOld(divided);
      const { epoch } = next.engine.status;
      const silent = cluster.network.tap;
      cluster.network.tap = (from, to, message) => {
        if (message.type === 'take-over') return 'drop';
        // What it says behind all that was decided reaches everybody, some, or nobody.
        const isBehind =
          message.type === 'accept' && message.proposals.some(({ slot }) => slot > lastIndex);
        return isBehind && cluster.random.chance((seed % 3) / 2)
          ? 'drop'
          : silent(from, to, message);
      };
      // It is no voter any more, and goes as soon as it may.
      const isOver = (): boolean => next.engine.status.settledEpoch === epoch || !next.leads;
      cluster.until(isOver, 'a settled round, or its end');
      expect(next.engine.status.commitIndex).toBeGreaterThanOrEqual(lastIndex);
      // Whoever leads then finds the votes of A. The checks know what was called settled.
      for (const node of [...before, ...after.slice(1)]) node.crash();
      cluster.network.tap = () => 'pass';
      leader.start();
      cluster.decide('more', 40 * electionTimeoutMs);
      found += orphans.filter((ticket) => cluster.requests.placeOf(ticket) !== undefined).length;
    }
    expect(found).toBeGreaterThan(0);
  });
});
