/**
 * Metrics for Prometheus. Parts count with plain numbers; they are read when somebody scrapes, so
 * that a command costs nothing here.
 */
import type { Counters } from '@quorate/core';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { exportedNumber } from './counter-names.ts';

/** Where the numbers come from. */
export interface MetricsSource {
  readonly status: {
    readonly role: string;
    readonly leader: string | undefined;
    readonly epoch: number;
    readonly appliedIndex: number;
    readonly commitIndex: number;
    readonly lastIndex: number;
    readonly snapshotIndex: number;
    readonly tailBytes: number;
    readonly contactAt: number | undefined;
    readonly pending: number;
  };
  readonly counters: Counters;
}

/** One request that was answered. */
export interface ObservedRequest {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

/** The metrics of one node. */
export interface Metrics {
  observeRequest(request: ObservedRequest): void;
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
}

type Reading = (source: MetricsSource) => number;

const gauges: Readonly<Record<string, readonly [help: string, read: Reading]>> = {
  is_leader: ['1 on the leader.', ({ status }) => (status.role === 'leader' ? 1 : 0)],
  has_leader: ['1 if a leader is known.', ({ status }) => (status.leader === undefined ? 0 : 1)],
  epoch: ['Term (Raft) or round (Paxos).', ({ status }) => status.epoch],
  applied_index: ['Last log index applied.', ({ status }) => status.appliedIndex],
  commit_index: ['Last log index known to be decided.', ({ status }) => status.commitIndex],
  last_index: ['Last log index.', ({ status }) => status.lastIndex],
  snapshot_index: ['Last log index in the snapshot.', ({ status }) => status.snapshotIndex],
  tail_bytes: ['Bytes of the log held in memory.', ({ status }) => status.tailBytes],
  pending_commands: ['Commands that have not come back.', ({ status }) => status.pending],
  contact_age_seconds: [
    'Since this node was last in touch with the group; -1: never.',
    ({ status: { contactAt } }) =>
      contactAt === undefined ? -1 : (performance.now() - contactAt) / 1_000,
  ],
};

/**
 * Metrics of a node, named `quorate_…`, besides those of the process.
 *
 * @param parts what the parts count that the replica does not know of, by name of the part.
 */
export function createMetrics(
  source: MetricsSource,
  parts: Readonly<Record<string, () => Counters>> = {},
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'quorate_http_request_duration_seconds',
    help: 'Time to answer a request.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const shown = Object.entries(gauges).map(([name, [help, read]]) => {
    const gauge = new Gauge({ name: `quorate_${name}`, help, registers });
    return (): void => {
      gauge.set(read(source));
    };
  });
  const numbers = new Map<string, (value: number) => void>();

  const show = (counted: string, value: number): void => {
    let set = numbers.get(counted);
    if (set === undefined) {
      set = setterOf(counted, registers);
      numbers.set(counted, set);
    }
    set(value);
  };

  return {
    observeRequest: ({ route, method, status, seconds }) => {
      requests.observe({ route, method, status }, seconds);
    },
    scrape: async () => {
      for (const refresh of shown) refresh();
      for (const [name, value] of Object.entries(source.counters)) show(name, value);
      for (const [part, counters] of Object.entries(parts)) {
        for (const [name, value] of Object.entries(counters())) show(`${part}_${name}`, value);
      }
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** Registers a number of a part, and gives what sets it. */
function setterOf(counted: string, registers: Registry[]): (value: number) => void {
  const exported = exportedNumber(counted);
  if (exported === undefined) return () => undefined;
  const { type, name, help } = exported;
  if (type === 'gauge') {
    const gauge = new Gauge({ name, help, registers });
    return (value) => {
      gauge.set(value);
    };
  }
  const counter = new Counter({ name, help, registers });
  return (value) => {
    // The part has counted; this only shows it.
    counter.reset();
    counter.inc(value);
  };
}
