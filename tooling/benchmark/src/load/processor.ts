/** How much of the processors other processes use, where the system tells (Linux). */
import { readFileSync } from 'node:fs';
import type { Figures } from '../results/measurement.ts';

/** The unit in which Linux tells it to programs, on every machine. */
const tickMs = 10;

/** Whose time is looked at. */
export interface Processes {
  /** Of the service that is measured. */
  readonly servers: readonly number[];
  /** Of those that wait for their turn: they should use nothing. */
  readonly others: readonly number[];
}

/** What all of them have used so far, in ms; `undefined`: it cannot be told. */
export function processorMsOf(processes: readonly number[]): number | undefined {
  let sum = 0;
  for (const process of processes) {
    try {
      // After the name, which may hold spaces: state, parent, … and as 12th and 13th the times.
      const text = readFileSync(`/proc/${process}/stat`, 'latin1');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      sum += (Number(fields[11]) + Number(fields[12])) * tickMs;
    } catch {
      return undefined;
    }
  }
  return sum;
}

/** Begins to look; what it gives says how many percent of one processor each part used since. */
export function watchProcessors({ servers, others }: Processes): () => Figures {
  const from = performance.now();
  const own = process.cpuUsage();
  const before = [processorMsOf(servers), processorMsOf(others)] as const;
  return () => {
    const percentOf = (ms: number): number => (ms / (performance.now() - from)) * 100;
    const { user, system } = process.cpuUsage(own);
    return {
      loadPercent: percentOf((user + system) / 1000),
      ...since('serversPercent', servers, before[0], percentOf),
      ...since('othersPercent', others, before[1], percentOf),
    };
  };
}

function since(
  name: string,
  processes: readonly number[],
  before: number | undefined,
  percentOf: (ms: number) => number,
): Figures {
  if (processes.length === 0 || before === undefined) return {};
  const after = processorMsOf(processes);
  return after === undefined ? {} : { [name]: percentOf(after - before) };
}
