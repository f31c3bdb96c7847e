/** What the process takes of the machine's memory. */

const mebibyte = 1024 * 1024;
/** Often enough for a peak that lasts. */
const sampleMs = 20;

/**
 * The most that it ever took. On Linux not less than its parent at the time of the start, which is
 * why whoever starts workers stays small.
 */
export function peakRssMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Watches the memory of a stretch of work; gives what ends it, and says the most there was. */
export function watchRss(): () => number {
  let most = process.memoryUsage.rss();
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const timer = setInterval(look, sampleMs);
  return () => {
    clearInterval(timer);
    look();
    return most / mebibyte;
  };
}
