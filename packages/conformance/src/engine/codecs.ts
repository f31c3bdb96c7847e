/**
 * Messages as bytes: what goes in comes out, and of what is not a message nothing is believed.
 */
import {
  concatBytes,
  describeError,
  equalBytes,
  MalformedError,
  seededRandom,
} from '@quorate/core';
import { check } from '../check.ts';
import { change, decode, encode, type EngineTests, learner, voter } from './scene.ts';
import type { Cluster } from './world/index.ts';

/** So many messages of each kind of length are kept. */
const perLength = 3;
/** Prefixes and changed bytes are tried up to here. */
const maxTriedBytes = 300;

export function codecTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { capabilities } = tests.options;

  /** Messages of all lengths that a busy group sends, as bytes. */
  const collect = (): { readonly cluster: Cluster<Message>; readonly frames: Uint8Array[] } => {
    const cluster = tests.cluster({ joiners: ['n4'] });
    const frames = new Map<number, Uint8Array[]>();
    const collectFrom = (other: Cluster<Message>): void => {
      other.network.tap = (_from, _to, message) => {
        const frame = encode(other, message).slice();
        const known = frames.get(frame.length) ?? [];
        frames.set(frame.length, known);
        if (known.length < perLength) known.push(frame);
        return 'pass';
      };
    };
    for (const seed of [1, 2, 3]) {
      const swarm = tests.swarm(seed, { runMs: 8 * electionTimeoutMs });
      collectFrom(swarm.cluster);
      swarm.rage();
    }
    collectFrom(cluster);
    cluster.decide();
    cluster.commitMany(20, new Uint8Array(7));
    cluster.commit(new Uint8Array(5000));
    change(cluster, capabilities.learners ? learner('n4') : voter('n4'));
    cluster.converge();
    const old = cluster.elect();
    cluster.isolate(old.id);
    old.propose([]);
    old.read('linearizable');
    tests.otherLeader(cluster, old);
    cluster.decide();
    cluster.heal();
    cluster.converge();
    if (capabilities.transfers) {
      const leader = cluster.elect();
      leader.transfer();
      tests.otherLeader(cluster, leader);
    }
    cluster.elect().read('linearizable');
    cluster.run(electionTimeoutMs);
    return { cluster, frames: [...frames.values()].flat() };
  };

  tests.test('every message comes out of its bytes as it went in', () => {
    const { cluster, frames } = collect();
    check(frames.length > 10, 'there are messages to try');
    for (const frame of frames) {
      check(equalBytes(encode(cluster, decode(cluster, frame)), frame), 'a message changes');
    }
  });

  /** Tries bytes; nothing but a message or MalformedError may come of it. */
  const tryBytes = (cluster: Cluster<Message>, bytes: Uint8Array): boolean => {
    try {
      decode(cluster, bytes);
      return true;
    } catch (error) {
      check(error instanceof MalformedError, `decoding throws ${describeError(error)}`);
      return false;
    }
  };

  tests.test('bytes that are cut short, or have something behind them, are no message', () => {
    const { cluster, frames } = collect();
    for (const frame of frames) {
      for (let length = 0; length < Math.min(frame.length, maxTriedBytes); length++) {
        check(!tryBytes(cluster, frame.slice(0, length)), 'a part of a message is taken for one');
      }
      check(
        !tryBytes(cluster, concatBytes([frame, new Uint8Array(1)])),
        'something behind a message is ignored',
      );
    }
  });

  tests.test('whatever bytes come, nothing but MalformedError is thrown', () => {
    const { cluster, frames } = collect();
    const random = seededRandom(5);
    for (let nth = 0; nth < 10_000; nth++) {
      const bytes = random.pick(frames).slice();
      for (let flips = 1 + random.below(4); flips > 0; flips--) {
        bytes[random.below(Math.min(bytes.length, maxTriedBytes))] = random.below(256);
      }
      tryBytes(cluster, bytes);
    }
    for (let nth = 0; nth < 2000; nth++) {
      tryBytes(
        cluster,
        Uint8Array.from({ length: random.below(60) }, () => random.below(256)),
      );
    }
  });
}
