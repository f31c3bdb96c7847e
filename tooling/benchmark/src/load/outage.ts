/**
 * What clients notice when the leader is killed: for how long nothing that they write is acknowledged, and
 * whether everything that was acknowledged is there afterwards.
 *
 * Writes arrive by a schedule, each to a key of its own, whether or not those before them are done: somebody always
 * tries, so that the end of the outage is seen when it comes, and not when the next client happens to try.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { utf8 } from '@quorate/core';
import type { Measurement } from '../results/measurement.ts';
import { openLoop } from './arrivals.ts';
import { closeAll, type Connection, openConnections, type Service } from './connection.ts';

/** What is written, and how fast. */
export interface OutageOrder {
  readonly service: Service;
  readonly connections: number;
  readonly perSecond: number;
  readonly valueBytes: number;
  /** What no other key begins with. */
  readonly prefix: string;
}

/** Reads under way while everything is read back. */
const readsInFlight = 64;
/** For how long a read is tried again: whoever was killed is still away. */
const readTimeoutMs = 60_000;
const pauseMs = 50;

/** A load that is ready to begin. */
export interface Outage {
  /** Writes for so long, then reads everything back. */
  run(seconds: number): Promise<Measurement>;
  close(): Promise<void>;
}

/** Opens the connections. */
export async function prepareOutage(order: OutageOrder): Promise<Outage> {
  const connections = await openConnections(order.service, order.connections);
  return {
    run: (seconds) => run(order, connections, seconds),
    close: () => closeAll(connections),
  };
}

async function run(
  { perSecond, valueBytes, prefix }: OutageOrder,
  connections: readonly Connection[],
  seconds: number,
): Promise<Measurement> {
  const acknowledged: number[] = [];
  const gaps = new Gaps();
  let unacknowledged = 0;
  const measurement = await openLoop(
    { perSecond, seconds },
    {
      async execute(number) {
        const connection = connections[number % connections.length];
        await connection?.put(`${prefix}${number}`, valueFor(number, valueBytes));
        acknowledged.push(number);
      },
      succeeded: (now) => {
        gaps.note(now);
      },
      // The client of etcd does not try again, and ours gives up in the end: nothing was promised.
      failed: () => {
        unacknowledged += 1;
      },
    },
  );
  const lost = await countLost(acknowledged, async (number) => {
    const connection = connections[number % connections.length];
    const found = await connection?.read(`${prefix}${number}`, 'linearizable');
    return found !== undefined && Buffer.compare(found, valueFor(number, valueBytes)) === 0;
  });
  return {
    ...measurement,
    figures: {
      ...measurement.figures,
      ...{ outageMs: gaps.longestMs, acknowledged: acknowledged.length, unacknowledged, lost },
    },
  };
}

/** The longest time between two moments of a row. */
export class Gaps {
  #last: number | undefined;
  #longest = 0;

  note(now: number): void {
    if (this.#last !== undefined) this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }

  get longestMs(): number {
    return this.#longest;
  }
}

/** How many of them are not there. @throws whatever a read fails with again and again. */
export async function countLost(
  numbers: readonly number[],
  isThere: (number: number) => Promise<boolean>,
): Promise<number> {
  let next = 0;
  let lost = 0;
  const reader = async (): Promise<void> => {
    for (let number = numbers[next++]; number !== undefined; number = numbers[next++]) {
      if (!(await persistently(isThere, number))) lost += 1;
    }
  };
  await Promise.all(Array.from({ length: readsInFlight }, reader));
  return lost;
}

async function persistently(
  isThere: (number: number) => Promise<boolean>,
  number: number,
): Promise<boolean> {
  for (const deadline = performance.now() + readTimeoutMs; ; ) {
    try {
      return await isThere(number);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(pauseMs);
    }
  }
}

/** One that tells its number, so that no other can be taken for it. */
function valueFor(number: number, bytes: number): Uint8Array {
  return utf8(`${number} `.padEnd(bytes, '.').slice(0, Math.max(bytes, `${number} `.length)));
}
