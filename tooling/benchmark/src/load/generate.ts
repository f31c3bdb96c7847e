/** Load on a service: opens connections, puts the clients to work, and measures. */
import type { Consistency } from '@quorate/core';
import type { Measurement } from '../results/measurement.ts';
import { closedLoop } from '../subjects/closed-loop.ts';
import { openLoop } from './arrivals.ts';
import {
  closeAll,
  type Connection,
  mostPutsOfTransaction,
  openConnections,
  type Service,
} from './connection.ts';
import { type Processes, watchProcessors } from './processor.ts';
import { keyOf, keysOf, valueOf } from './work.ts';

/** How commands come. */
export type Arrival =
  /** Each client hands in its next command when the last one is done. */
  | { readonly type: 'closed' }
  /** So many a second. */
  | { readonly type: 'rate'; readonly perSecond: number }
  /** So much of what a closed loop over the same connections did just before. */
  | { readonly type: 'share'; readonly ofPeak: number };

/** What is done. */
export interface Work {
  readonly operation: 'put' | 'read';
  /** Of reads. */
  readonly consistency: Consistency;
  readonly valueBytes: number;
  /** How many different ones there are. */
  readonly keys: number;
}

/** What a load generator is to do. */
export interface LoadOrder extends Work {
  readonly service: Service;
  readonly connections: number;
  /** Of a closed loop. */
  readonly clients: number;
  readonly seconds: number;
  /** Worked before that, in a closed loop, and not counted. */
  readonly warmUpSeconds: number;
  readonly arrival: Arrival;
  readonly processes: Processes;
}

/** Puts under way while keys are written. */
const fillInFlight = 8;
/** A peak is not to be taken from a moment. */
const leastPeakSeconds = 0.05;

/** Does it. */
export async function generate(order: LoadOrder): Promise<Measurement> {
  const connections = await openConnections(order.service, order.connections);
  try {
    return await work(order, connections);
  } finally {
    await closeAll(connections);
  }
}

/** Writes every key once, so that reads find something. */
export async function fillKeys(
  service: Service,
  { keys, valueBytes }: Pick<Work, 'keys' | 'valueBytes'>,
): Promise<void> {
  const [connection, ...rest] = await openConnections(service, 1);
  if (connection === undefined) throw new TypeError('no connection');
  try {
    const value = valueOf(valueBytes);
    let next = 0;
    const write = async (): Promise<void> => {
      while (next < keys) {
        const from = next;
        next = Math.min(from + mostOf(valueBytes), keys);
        const some = Array.from({ length: next - from }, (_, at) => keyOf(from + at));
        await connection.putAll(some, value);
      }
    };
    await Promise.all(Array.from({ length: fillInFlight }, write));
  } finally {
    await closeAll([connection, ...rest]);
  }
}

/** Both services take a little more than a MiB at once. */
function mostOf(valueBytes: number): number {
  const bytes = 512 * 1024;
  return Math.max(Math.min(mostPutsOfTransaction, Math.floor(bytes / valueBytes)), 1);
}

async function work(order: LoadOrder, connections: readonly Connection[]): Promise<Measurement> {
  const { arrival, clients, seconds, warmUpSeconds, processes } = order;
  const issue = issuerOf(order, connections);
  const watch = (): ReturnType<typeof watchProcessors> => watchProcessors(processes);
  const closed = { clients, seconds, warmUpSeconds };
  const execute = (number: number): Promise<unknown> => issue(number % clients);
  const arriving = async (perSecond: number): Promise<Measurement> =>
    openLoop({ perSecond, seconds }, { execute, watch });
  switch (arrival.type) {
    case 'closed':
      return withCost(await closedLoop(issue, closed, watch));
    case 'rate': {
      const { perSecond } = arrival;
      await openLoop({ perSecond, seconds: warmUpSeconds }, { execute });
      return withCost(await arriving(perSecond));
    }
    case 'share': {
      // It is the warm-up too.
      const peakSeconds = Math.max(warmUpSeconds, leastPeakSeconds);
      const task = { clients, seconds: peakSeconds, warmUpSeconds };
      const { operationsPerSecond: peak } = await closedLoop(issue, task, watch);
      return withCost(await arriving(peak * arrival.ofPeak));
    }
  }
}

/** Gives what hands in the next command of a client. */
function issuerOf(
  { operation, consistency, valueBytes, keys, clients }: LoadOrder,
  connections: readonly Connection[],
): (client: number) => Promise<unknown> {
  const value = valueOf(valueBytes);
  const seats = Array.from({ length: clients }, (_, client) => {
    const connection = connections[client % connections.length];
    if (connection === undefined) throw new RangeError('no connections');
    return { connection, nextKey: keysOf(client, keys) };
  });
  return (client) => {
    const seat = seats[client];
    if (seat === undefined) throw new RangeError(`no client ${client}`);
    return operation === 'put'
      ? seat.connection.put(seat.nextKey(), value)
      : seat.connection.read(seat.nextKey(), consistency);
  };
}

/** What a command costs the processors, generator and servers together. */
export function withCost(measurement: Measurement): Measurement {
  const { figures, operationsPerSecond } = measurement;
  const { loadPercent, serversPercent } = figures;
  if (loadPercent === undefined || serversPercent === undefined) return measurement;
  const processorMicroseconds = ((loadPercent + serversPercent) * 1e4) / operationsPerSecond;
  return { ...measurement, figures: { ...figures, processorMicroseconds } };
}
