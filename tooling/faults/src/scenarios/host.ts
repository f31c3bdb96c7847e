/** Where a storage is opened: in a process of its own, which can be killed. */
import { fileURLToPath } from 'node:url';
import type { Child, Ended } from '../kernel/child.ts';
import { eventOf, type LifeEvent } from '../processes/events.ts';
import type { ProcessOrder } from '../processes/order.ts';
import type { Stage } from './stage.ts';

/** How a process is started, and what happens to it. */
export interface Circumstances {
  /** Words before the command that make it fail. */
  readonly wrap?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Sees each event, and has whom it came from in its hands. */
  readonly onEvent?: (event: LifeEvent, victim: Victim) => void;
}

/** Somebody who can be killed. */
export type Victim = Pick<Child, 'kill'>;

/** How a process ended. */
export interface HostedEnd extends Ended {
  /** Whether it was killed from here. */
  readonly killed: boolean;
}

/** Runs an order to its end. */
export interface Host {
  run(
    order: ProcessOrder,
    circumstances: Circumstances,
    take: (event: LifeEvent) => void,
  ): Promise<HostedEnd>;
}

const program = fileURLToPath(new URL('../processes/program.js', import.meta.url));

/** Nothing that a process here does takes as long. */
export const timeoutMs = 60_000;

/** @param enter words before every command: into a namespace, for instance. */
export function processHost(stage: Stage, enter: readonly string[] = []): Host {
  return {
    run: async (order, { wrap = [], environment = {}, onEvent }, take) => {
      const child: Child = stage.start({
        command: [...enter, ...wrap, process.execPath, program, JSON.stringify(order)],
        environment,
        timeoutMs,
        onLine: (line) => {
          const event = eventOf(line);
          take(event);
          onEvent?.(event, child);
        },
      });
      const ended = await child.ended;
      stage.checkpoint();
      return { ...ended, killed: child.killed };
    },
  };
}
