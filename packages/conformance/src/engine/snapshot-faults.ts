/**
 * Power is lost, and messages of long ago come back, around a snapshot: it is there as a whole or not at
 * all, and the log goes with it in one step.
 */
import { check, equal } from '../check.ts';
import {
  compact,
  type EngineTests,
  follower,
  forSeeds,
  leaveBehind,
  marker,
  trims,
} from './scene.ts';

export function snapshotFaultTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  tests.test(
    'P15 a crash at any write around a snapshot loses nothing',
    () => {
      for (let keep = 0; keep < 6; keep++) {
        forSeeds(3, (seed) => {
          const cluster = tests.trimming({ seed });
          cluster.commitMany(10);
          cluster.converge();
          const victim = seed % 2 === 0 ? cluster.elect() : follower(cluster);
          victim.disk.stall(true);
          const { applied } = victim.consumer;
          const content = victim.consumer.snapshot();
          for (let nth = 0; nth < 3; nth++) {
            cluster.leader?.propose([marker('around it')]);
            cluster.run(3);
            if (nth === 1) victim.publish(applied, content);
          }
          victim.crash(keep);
          victim.disk.stall(false);
          victim.start();
          cluster.decide();
          cluster.converge();
        });
      }
    },
    trims,
  );

  tests.test(
    'P15 a crash at any write around the arrival of a snapshot loses nothing',
    () => {
      for (let keep = 0; keep < 6; keep++) {
        forSeeds(3, (seed) => {
          const cluster = tests.trimming({ seed });
          const behind = leaveBehind(cluster);
          // With a log of its own behind it in one case, and without one in the other.
          cluster.conditions.shipMs = [20, 60];
          behind.start();
          cluster.commitMany(5);
          behind.disk.stall(true);
          cluster.run(120);
          behind.crash(keep);
          behind.disk.stall(false);
          behind.start();
          cluster.converge();
          check(behind.engine.status.firstIndex > 30, 'its log begins behind the snapshot');
        });
      }
    },
    trims,
  );

  tests.test(
    'an installed snapshot is durable before the group counts on it',
    () => {
      forSeeds(5, (seed) => {
        const cluster = tests.trimming({ seed });
        const behind = leaveBehind(cluster);
        behind.disk.stall(true);
        behind.start();
        cluster.run(electionTimeoutMs / 2);
        const { durable } = behind.disk;
        equal(durable.snapshot?.index ?? 0, 0, 'the snapshot on its disk');
        check(behind.consumer.applied <= durable.last, 'nothing is restored yet');
        // Without it there is no quorum.
        follower(cluster, cluster.followers()[0] === behind ? 1 : 0).crash();
        const before = cluster.recorder.commitIndex;
        cluster.leader?.propose([]);
        cluster.run(electionTimeoutMs / 2);
        equal(cluster.recorder.commitIndex, before, 'the commit index');
        behind.disk.stall(false);
        for (const node of cluster.nodes) node.start();
        cluster.decide();
        cluster.converge();
      });
    },
    trims,
  );

  tests.test(
    'P13 messages about entries that were trimmed meanwhile change nothing',
    () => {
      forSeeds(10, (seed) => {
        const cluster = tests.trimming({ seed });
        const old: { readonly from: string; readonly to: string; readonly message: Message }[] = [];
        cluster.network.tap = (from, to, message) => {
          old.push({ from, to, message });
          return 'pass';
        };
        cluster.commitMany(20);
        cluster.run(electionTimeoutMs / 5);
        cluster.network.tap = () => 'pass';
        cluster.converge();
        for (const node of cluster.nodes) compact(cluster, node);
        if (seed % 2 === 0) {
          cluster.elect().crash();
          cluster.decide();
        }
        const { epoch } = cluster.elect().engine.status;
        for (const { from, to, message } of old) cluster.node(to).receive(from, message);
        cluster.run(electionTimeoutMs / 5);
        equal(cluster.elect().engine.status.epoch, epoch, 'the epoch');
        for (const node of cluster.nodes) node.start();
        cluster.decide();
        cluster.converge();
      });
    },
    trims,
  );
}
