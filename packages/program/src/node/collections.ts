/**
 * How often V8 collects the whole heap.
 *
 * V8 lets a heap grow the less, the slower it grows. It counts objects for that, and buffers not; but what has been
 * added since the last collection it counts with the buffers. So a node under load, whose heap hardly grows while
 * it receives megabytes that are gone in a moment, would mark its heap nearly all the time, on helper threads too:
 * that took a sixth of its processor time.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** What may be added between two collections at least, in bytes. A node takes so much more memory at most. */
const roomBytes = 32 * 1024 * 1024;

/** How often it is looked at how large the heap is, in ms. */
const lookMs = 5_000;

/** By how many percent V8 lets a heap grow in any case. */
const leastPercent = 30;

/**
 * Leaves room between the full collections of this process, 32 MiB at least. `serveUntilEnd` does it; whoever runs a
 * replica in a program of another kind gains as much by calling it once.
 *
 * @returns what leaves all of them to V8 again.
 */
export function spaceCollections(): () => void {
  const look = (): void => {
    setPercent(growingPercent(getHeapStatistics().used_heap_size));
  };
  look();
  const timer = setInterval(look, lookMs).unref();
  return () => {
    clearInterval(timer);
    setPercent(0);
  };
}

/** V8 reads it at the end of a collection, to set how large the heap may be when the next one begins. */
function setPercent(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${String(percent)}`);
}

/** By how many percent a heap of so many bytes may grow; 0: as V8 thinks best, which is right for a large one. */
export function growingPercent(heapBytes: number): number {
  const percent = Math.round((100 * roomBytes) / heapBytes);
  return percent < leastPercent ? 0 : percent;
}
