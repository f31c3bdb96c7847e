/** What a node of `quorate-kv` says of its process at `/metrics`, over a stretch of work. */
import type { Figures } from '../results/measurement.ts';
import type { Place } from './program.ts';

const mebibyte = 1024 * 1024;
const askMs = 5_000;

/** One look at one node. */
export interface Vitals {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Of the event loop, since the look before. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Spent collecting garbage since the process began. */
  readonly collectorMs: number;
}

/** Asks a node. @throws if it does not answer. */
export async function look({ http }: Place): Promise<Vitals> {
  const answer = await fetch(`http://${http}/metrics`, { signal: AbortSignal.timeout(askMs) });
  return vitalsOf(await answer.text());
}

/** Reads them out of the text format of Prometheus. @throws Error if one of them is missing. */
export function vitalsOf(text: string): Vitals {
  const sum = (name: string): number => {
    const values = text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    if (values.length === 0) throw new Error(`the node does not tell ${name}`);
    return values.reduce((total, value) => total + value, 0);
  };
  return {
    rssMiB: sum('process_resident_memory_bytes') / mebibyte,
    heapMiB: sum('nodejs_heap_size_used_bytes') / mebibyte,
    loopDelayP99Ms: sum('nodejs_eventloop_lag_p99_seconds') * 1000,
    loopDelayMaxMs: sum('nodejs_eventloop_lag_max_seconds') * 1000,
    // One line a kind of collection; none before the first one.
    collectorMs: text.includes('nodejs_gc_duration_seconds_sum{')
      ? sum('nodejs_gc_duration_seconds_sum') * 1000
      : 0,
  };
}

/**
 * Looks at all nodes at intervals; what it gives ends that, and says what the node that fared worst had: its memory
 * at the end and at most, its largest delays, and its share of time for garbage.
 */
export function watchVitals(places: readonly Place[], everyMs: number): () => Promise<Figures> {
  const from = performance.now();
  const rows = places.map((place) => ({ place, looks: [] as Vitals[] }));
  const ask = async (row: (typeof rows)[number]): Promise<void> => {
    row.looks.push(await look(row.place));
  };
  let trouble: Error | undefined;
  const askAll = async (): Promise<void> => {
    try {
      await Promise.all(rows.map(ask));
    } catch (error) {
      trouble = error instanceof Error ? error : new Error(String(error));
    }
  };
  let asking = askAll();
  const timer = setInterval(() => {
    asking = asking.then(askAll);
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await asking;
    await askAll();
    if (trouble !== undefined) throw trouble;
    return worstOf(
      rows.map(({ looks }) => looks),
      performance.now() - from,
    );
  };
}

/** @param nodes the looks of each node; the first one began the stretch. */
export function worstOf(nodes: readonly (readonly Vitals[])[], elapsedMs: number): Figures {
  const most = (of: (looks: readonly Vitals[]) => number): number => Math.max(...nodes.map(of));
  const highest = (name: keyof Vitals): number =>
    most((looks) => Math.max(...looks.slice(1).map((one) => one[name])));
  return {
    rssMiB: most((looks) => looks.at(-1)?.rssMiB ?? Number.NaN),
    peakRssMiB: highest('rssMiB'),
    heapMiB: most((looks) => looks.at(-1)?.heapMiB ?? Number.NaN),
    loopDelayP99Ms: highest('loopDelayP99Ms'),
    loopDelayMaxMs: highest('loopDelayMaxMs'),
    collectorPercent: most((looks) => {
      const spent = (looks.at(-1)?.collectorMs ?? 0) - (looks[0]?.collectorMs ?? 0);
      return (spent / elapsedMs) * 100;
    }),
  };
}
