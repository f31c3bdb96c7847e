/**
 * A replica without a log: commands are applied at once to a real map. What an HTTP route makes of
 * requests and results is tested with it; failures are put in front as a test needs them.
 */
import { decode, encode, membershipOf } from '@quorate/core';
import { kvMachine } from '@quorate/machine-kv';
import { Backups } from '../src/backup/source.ts';
import { createHandler } from '../src/http/routes.ts';
import type { KvReplica, NodeFacts } from '../src/http/context.ts';
import { defaultHttpLimits } from '../src/http/limits.ts';
import type { Reply } from '../src/http/reply.ts';
import type { Handler } from '../src/http/server.ts';
import { createMetrics } from '../src/metrics.ts';

/** What the fake was asked for besides the map. */
export interface FakeReplica extends KvReplica {
  readonly asked: unknown[];
  snapshot: KvReplica['snapshot'];
  status: KvReplica['status'];
  /** Throws this instead of executing. */
  failure: Error | undefined;
}

/** A fake node `n1`, follower of `n2`. */
export function fakeReplica(): FakeReplica {
  const machine = kvMachine();
  const asked: unknown[] = [];
  let index = 0;
  const status: KvReplica['status'] = {
    node: 'n1',
    cluster: 'test',
    state: 'running',
    role: 'follower',
    leader: 'n2',
    epoch: 3,
    firstIndex: 1,
    lastIndex: 7,
    commitIndex: 7,
    settledEpoch: 3,
    appliedIndex: 7,
    snapshotIndex: 0,
    membership: membershipOf([
      { id: 'n1', address: 'h:11' },
      { id: 'n2', address: 'h:12' },
    ]),
    contactAt: performance.now(),
    tailBytes: 100,
    peers: [],
    time: 0,
    pending: 0,
    waitingReads: 0,
    watches: 0,
    stateHash: 'abc',
  };
  const fake: FakeReplica = {
    asked,
    failure: undefined,
    node: 'n1',
    status,
    counters: { frames_sent: 5, frame_bytes_sent: 70, requests_pending: 2, tail_bytes: 100 },
    execute: (command, options) => {
      if (fake.failure !== undefined) return Promise.reject(fake.failure);
      asked.push({ acknowledge: options?.acknowledge, timeoutMs: options?.timeoutMs });
      index += 1;
      return attempt(() => {
        // As on its way through a log: the codec is the first to look at a command.
        const arrived = decode(machine.commands, encode(machine.commands, command));
        return machine.apply(arrived, { index, position: 0, time: 0 });
      });
    },
    read: (query, options) => {
      if (fake.failure !== undefined) return Promise.reject(fake.failure);
      asked.push({ consistency: options?.consistency });
      return attempt(() => ({
        answer: machine.query(query),
        index,
        settledEpoch: 1,
        commitIndex: 9,
        contactAgeMs: 12,
      }));
    },
    changeMembership: (change) => {
      asked.push(change);
      if (fake.failure !== undefined) return Promise.reject(fake.failure);
      // It follows: what the group has decided gets here a moment later.
      setTimeout(() => (fake.status = { ...fake.status, appliedIndex: 8 }), 20);
      return Promise.resolve(8);
    },
    transferLeadership: (to = 'n1') => {
      asked.push({ to });
      const { epoch } = fake.status;
      setTimeout(() => (fake.status = { ...fake.status, leader: to, epoch: epoch + 1 }), 20);
      return Promise.resolve();
    },
    snapshot: () => Promise.resolve(7),
  };
  return fake;
}

/** The routes over a fake replica. */
export function fakeHandler(replica: KvReplica): Handler {
  const facts: NodeFacts = {
    algorithm: 'raft',
    storage: 'level',
    version: '1',
    http: 'http://h:1',
    client: 'h:3',
    peer: 'h:11',
  };
  const snapshots = {
    current: () => undefined,
    read: () => Promise.reject(new Error('there is none')),
  };
  return createHandler({
    replica,
    backups: new Backups({ replica, snapshots, algorithm: 'raft' }),
    facts,
    metrics: createMetrics(replica, { level: () => ({ syncs: 3, keysSwept: 4 }) }),
    limits: defaultHttpLimits,
  });
}

/** Sends one request to a handler, without a socket. */
export function send(
  handler: Handler,
  method: string,
  target: string,
  body: string | Uint8Array = '',
): Promise<Reply> {
  const [rawPath = '', query = ''] = target.split('?');
  return handler({
    method,
    rawPath,
    query: new URLSearchParams(query),
    signal: new AbortController().signal,
    body: () => Promise.resolve(Buffer.from(body)),
  });
}

/** The JSON of a reply. */
export function jsonOf(reply: Reply): unknown {
  return JSON.parse(Buffer.from(reply.body).toString('utf8')) as unknown;
}

function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(run());
  });
}
