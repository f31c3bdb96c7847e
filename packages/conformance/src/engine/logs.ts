/**
 * Logs that went apart, or have gaps: who led without followers, who missed what, and what becomes of it.
 */
import { check, equal } from '../check.ts';
import { answer, carries, type EngineTests, follower, forSeeds, marker } from './scene.ts';
import type { Cluster, SimNode } from './world/index.ts';

export function logTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { capabilities } = tests.options;

  /** A leader that goes on alone for a while, until another one has decided something. */
  const leadAlone = (
    cluster: Cluster<Message>,
    entries: { readonly alone: number; readonly others: number },
  ): SimNode<Message> => {
    const old = cluster.elect();
    cluster.isolate(old.id);
    for (let nth = 0; nth < entries.alone; nth++) old.propose([marker('alone')]);
    tests.otherLeader(cluster, old);
    for (let nth = 0; nth < entries.others; nth++) cluster.decide();
    return old;
  };

  for (const [what, alone, others] of [
    ['more', 30, 3],
    ['less', 3, 30],
  ] as const) {
    tests.test(
      `a leader that wrote ${what} alone than the others together comes to have what they have`,
      () => {
        forSeeds(10, (seed) => {
          const cluster = tests.ready({ seed });
          const old = leadAlone(cluster, { alone, others });
          cluster.heal();
          cluster.converge();
          if (seed % 2 === 0) {
            old.crash();
            old.start();
            cluster.converge();
          }
        });
      },
    );
  }

  tests.test(
    'P12 leaders that each wrote alone, one after the other, all come to have the same',
    () => {
      forSeeds(10, (seed) => {
        const voters = ['n1', 'n2', 'n3', 'n4', 'n5'];
        const cluster = tests.ready({ seed, voters });
        for (let round = 0; round < 4; round++) {
          const { random } = cluster;
          leadAlone(cluster, { alone: 1 + random.below(10), others: random.below(5) });
          // Whoever was alone before comes back while the next one goes.
          cluster.heal();
          cluster.run(random.between(0, electionTimeoutMs));
        }
        cluster.decide();
        cluster.converge();
      });
    },
  );

  tests.test('P3 attempts that follow each other with crashes in between decide one value', () => {
    forSeeds(15, (seed) => {
      const voters = ['n1', 'n2', 'n3', 'n4', 'n5'];
      const cluster = tests.ready({ seed, voters, conditions: { syncMs: [1, 10] } });
      for (let round = 0; round < 6; round++) {
        const { random } = cluster;
        const leader = cluster.elect();
        leader.propose([marker(`round ${round}`)]);
        // Some get it, and then whoever knows most is gone for a while.
        cluster.run(random.between(0, 12));
        leader.crash();
        const other = random.pick(cluster.live);
        cluster.run(random.between(0, electionTimeoutMs * 2));
        other.crash();
        other.start();
        cluster.elect();
        leader.start();
      }
      cluster.decide();
      cluster.converge();
    });
  });

  tests.test('a node that missed some entries in the middle gets them', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      const late = follower(cluster);
      const missed = marker('missed');
      const isMissed = carries(cluster, missed);
      cluster.network.tap = (_from, to, message) =>
        to === late.id && isMissed(message) ? 'drop' : 'pass';
      for (let nth = 0; nth < 30; nth++) {
        leader.propose([nth % 3 === 0 ? missed : marker('seen')]);
        cluster.run(1);
      }
      cluster.run(electionTimeoutMs);
      if (seed % 2 === 0) {
        late.crash();
        late.start();
      }
      cluster.network.tap = () => 'pass';
      cluster.converge();
    });
  });

  if (capabilities.truncatesSuffix) {
    tests.test(
      'an undecided end of the log is cut off where another leader has decided otherwise',
      () => {
        const cluster = tests.ready();
        const cuts = new Set<string>();
        cluster.observers.push({
          took: ({ id }, { effects }) => {
            const ops = effects.writes.flatMap((write) => write.ops);
            if (ops.some((op) => op.type === 'dropAfter')) cuts.add(id);
          },
        });
        const old = leadAlone(cluster, { alone: 30, others: 1 });
        const end = old.engine.status.lastIndex;
        cluster.heal();
        cluster.converge();
        check(old.engine.status.lastIndex < end, 'its log is shorter than it was');
        check(cuts.has(old.id), 'it has cut its log off');
      },
    );
  }

  gapTests(tests);
}

/** An entry gets to everybody, and the one in front of it to nobody. */
function gapTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { outOfOrderDecisions } = tests.options.capabilities;

  interface Gap {
    readonly cluster: Cluster<Message>;
    readonly leader: SimNode<Message>;
    readonly lost: number;
    readonly kept: number;
    /** Where the leader accepted both. */
    readonly lostAt: number;
    readonly keptAt: number;
  }

  const propose = (seed: number): Gap => {
    const cluster = tests.ready({ seed });
    const leader = cluster.elect();
    const first = marker('of which nobody hears');
    const isFirst = carries(cluster, first);
    cluster.network.tap = (_from, _to, message) => (isFirst(message) ? 'drop' : 'pass');
    const lost = leader.propose([first]);
    cluster.run(0.01);
    const kept = leader.propose([marker('of which everybody hears')]);
    const endings = [answer(cluster, lost), answer(cluster, kept)];
    const [lostAt = 0, keptAt = 0] = endings.map((ending) => {
      check(ending.type === 'accepted', 'the leader accepts both');
      return ending.index;
    });
    equal(keptAt, lostAt + 1, 'the index of the second one');
    return { cluster, leader, lost, kept, lostAt, keptAt };
  };

  const hasGap = ({ lostAt, keptAt }: Gap, node: SimNode<Message>): boolean => {
    const { durable } = node.disk;
    return durable.record(lostAt) === undefined && durable.record(keptAt) !== undefined;
  };

  if (outOfOrderDecisions) {
    tests.test(
      'P9 an entry is decided before the one in front of it, and the gap is filled by the next leader',
      () => {
        forSeeds(10, (seed) => {
          const gap = propose(seed);
          const { cluster, leader, lost, kept, lostAt, keptAt } = gap;
          const others = cluster.followers();
          cluster.until(
            () => others.every((node) => hasGap(gap, node)),
            'the second entry on all other disks, without the first one',
            electionTimeoutMs,
          );
          check(
            cluster.recorder.commitIndex < lostAt,
            'nothing behind the gap is delivered before it is filled',
          );
          // Of the first entry only the disk of this leader knows.
          leader.crash();
          cluster.network.tap = () => 'pass';
          cluster.until(() => cluster.requests.placeOf(kept) !== undefined, 'the decision');
          equal(cluster.requests.placeOf(kept), keptAt, 'where the second one is decided');
          equal(cluster.requests.placeOf(lost), undefined, 'where the first one is decided');
          leader.start();
          cluster.decide();
          cluster.converge();
          equal(cluster.requests.placeOf(lost), undefined, 'where the first one is decided');
        });
      },
    );

    tests.test('a gap is filled by the leader that left it, once its messages get through', () => {
      forSeeds(10, (seed) => {
        const gap = propose(seed);
        const { cluster, leader, lost, kept } = gap;
        cluster.until(
          () => cluster.followers().every((node) => hasGap(gap, node)),
          'the gap on all other disks',
          electionTimeoutMs,
        );
        const late = follower(cluster);
        if (seed % 2 === 0) {
          late.crash();
          late.start();
        }
        cluster.network.tap = () => 'pass';
        cluster.converge(4 * electionTimeoutMs);
        equal(cluster.leader?.id, leader.id, 'the leader');
        check(
          [lost, kept].every((ticket) => cluster.requests.placeOf(ticket) !== undefined),
          'both are decided',
        );
      });
    });
  } else {
    tests.test('nobody holds an entry without the one in front of it', () => {
      forSeeds(10, (seed) => {
        const gap = propose(seed);
        const { cluster } = gap;
        const until = cluster.schedule.now + electionTimeoutMs;
        while (cluster.schedule.now < until) {
          cluster.run(1);
          for (const node of cluster.nodes) check(!hasGap(gap, node), `${node.id} has a gap`);
        }
        cluster.network.tap = () => 'pass';
        cluster.decide();
        cluster.converge();
      });
    });
  }
}
