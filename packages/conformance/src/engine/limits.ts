/**
 * Everything is bounded: what is taken in, what is kept in memory, what is handed out, what is sent.
 */
import { check, equal } from '../check.ts';
import { answer, encode, type EngineTests, follower, forSeeds, refusal } from './scene.ts';
import type { Cluster, Observer } from './world/index.ts';

const kilobyte = new Uint8Array(1024);
/** What an entry and an engine's header add to a payload, at most. */
const overheadBytes = 128;

export function limitTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  tests.test('what is not decided is bounded: more is refused as overload, and taken again later', () => {
    const maxUncommittedBytes = 10_000;
    const cluster = tests.ready({ limits: { maxUncommittedBytes } });
    const leader = cluster.elect();
    for (const node of cluster.followers()) cluster.network.cut(leader.id, node.id);
    const tickets = Array.from({ length: 20 }, () => leader.propose([kilobyte]));
    cluster.run(electionTimeoutMs / 5);
    const accepted = tickets.filter((ticket) => answer(cluster, ticket).type === 'accepted');
    check(
      accepted.length >= 8 && accepted.length * kilobyte.length <= maxUncommittedBytes,
      `${accepted.length} of 20 are accepted`,
    );
    for (const ticket of tickets.slice(accepted.length)) {
      equal(refusal(cluster, ticket), 'overloaded', 'the reason');
    }
    cluster.heal();
    cluster.decide(kilobyte);
    cluster.converge();
    equal(answer(cluster, cluster.elect().propose([kilobyte])).type, 'accepted', 'a later one');
  }, ['maxUncommittedBytes']);

  tests.test('one entry is taken, whatever its size', () => {
    const limits = { maxUncommittedBytes: 10_000, maxMessageRecordBytes: 5000, maxTailBytes: 0 };
    const cluster = tests.ready({ limits });
    cluster.commit(new Uint8Array(50_000));
    cluster.converge();
  }, ['maxUncommittedBytes', 'maxMessageRecordBytes', 'maxTailBytes']);

  tests.test('reads that wait are bounded: more are refused as overload, and taken again later', () => {
    const cluster = tests.ready({ limits: { maxPendingReads: 4 } });
    const leader = cluster.elect();
    cluster.network.tap = (_from, to) => (to === leader.id ? 'drop' : 'pass');
    const tickets = Array.from({ length: 10 }, () => leader.read('linearizable'));
    cluster.run(electionTimeoutMs / 5);
    const refused = tickets.filter((ticket) => cluster.requests.ending(ticket) !== undefined);
    check(refused.length >= 6, `${10 - refused.length} of 10 reads wait`);
    check(refused.length < 10, 'some reads wait');
    for (const ticket of refused) equal(refusal(cluster, ticket), 'overloaded', 'the reason');
    cluster.network.tap = () => 'pass';
    for (const ticket of tickets) answer(cluster, ticket);
    equal(answer(cluster, cluster.elect().read('linearizable')).type, 'ready', 'a later one');
  }, ['maxPendingReads']);

  tests.test('no message is longer than the algorithm says, however much there is to send', () => {
    for (const maxMessageRecordBytes of [2000, 8000]) {
      const cluster = tests.ready({ limits: { maxMessageRecordBytes, maxTailBytes: 4000 } });
      const longest = watchMessages(cluster);
      const behind = follower(cluster);
      behind.crash();
      for (let nth = 0; nth < 20; nth++) cluster.commitMany(10, new Uint8Array(200 * (nth % 5)));
      behind.start();
      cluster.converge();
      cluster.elect().crash();
      cluster.decide(new Uint8Array(1500));
      for (const node of cluster.nodes) node.start();
      cluster.converge();
      const { maxMessageBytes } = cluster.algorithm;
      check(longest() > maxMessageRecordBytes / 4, 'entries travel together');
      check(longest() <= maxMessageBytes, `${longest()} bytes, said are ${maxMessageBytes}`);
    }
  }, ['maxMessageRecordBytes', 'maxTailBytes']);

  tailTests(tests);
}

/** The log in memory, and what is on its way to the consumer. */
function tailTests<Message>(tests: EngineTests<Message>): void {
  const maxTailBytes = 8192;
  const limits = {
    maxTailBytes,
    maxMessageRecordBytes: 4096,
    maxUnappliedBytes: 8192,
    keepBytesBehindSnapshot: 0,
  };
  const needs = ['maxTailBytes', 'maxMessageRecordBytes', 'maxUnappliedBytes'] as const;
  const slack = tests.options.tailSlackBytes ?? 64 * 1024;
  const filled = (seed: number, observe?: Observer<Message>): Cluster<Message> => {
    const cluster = tests.ready({ seed, limits, maxDurableTailBytes: maxTailBytes + slack });
    if (observe !== undefined) cluster.observers.push(observe);
    for (let nth = 0; nth < 20; nth++) cluster.commitMany(10, kilobyte);
    return cluster;
  };

  tests.test(
    'the log in memory is bounded, however far a node is behind; it gets the rest from disk',
    () => {
      forSeeds(3, (seed) => {
        const cluster = tests.ready({ seed, limits, maxDurableTailBytes: maxTailBytes + slack });
        const behind = follower(cluster);
        behind.crash();
        for (let nth = 0; nth < 20; nth++) cluster.commitMany(10, kilobyte);
        cluster.run(50);
        for (const node of cluster.live) {
          const { tailBytes } = node.engine.status;
          check(tailBytes <= maxTailBytes, `${node.id} keeps ${tailBytes} bytes in memory`);
        }
        behind.start();
        cluster.converge();
        equal(cluster.shipping.begun, 0, 'snapshots');
      });
    },
    needs,
  );

  tests.test(
    'a slow consumer gets what is not in memory any more from disk, after a restart too',
    () => {
      const cluster = filled(1);
      cluster.converge();
      for (const node of cluster.nodes) node.crash();
      cluster.conditions.applyMs = [20, 60];
      for (const node of cluster.nodes) node.start();
      cluster.decide('after', 100 * tests.electionTimeoutMs);
      cluster.converge(200 * tests.electionTimeoutMs);
    },
    needs,
  );

  tests.test(
    'no more is handed out than the consumer may owe, and one entry more',
    () => {
      forSeeds(3, (seed) => {
        let most = 0;
        const owed = new Map<string, number[]>();
        const cluster = tests.ready({ seed, limits, maxDurableTailBytes: maxTailBytes + slack });
        cluster.conditions.applyMs = [5, 30];
        cluster.observers.push({
          took: ({ id }, { effects }) => {
            const sizes = owed.get(id) ?? [];
            owed.set(id, sizes);
            for (const { index, record } of effects.committed) sizes[index] = record.length;
            const { applied } = cluster.node(id).consumer;
            for (let index = 0; index <= applied; index++) sizes[index] = 0;
            most = Math.max(
              most,
              sizes.reduce((sum, bytes) => sum + bytes, 0),
            );
          },
        });
        for (let nth = 0; nth < 10; nth++) {
          cluster.commitMany(10, kilobyte);
          cluster.run(20);
        }
        cluster.converge();
        const bound = limits.maxUnappliedBytes + kilobyte.length + overheadBytes;
        check(most <= bound, `${most} bytes are owed`);
      });
    },
    needs,
  );
}

/** Watches the longest message of a cluster. */
function watchMessages<Message>(cluster: Cluster<Message>): () => number {
  let longest = 0;
  cluster.network.tap = (_from, _to, message) => {
    longest = Math.max(longest, encode(cluster, message).length);
    return 'pass';
  };
  return () => longest;
}
