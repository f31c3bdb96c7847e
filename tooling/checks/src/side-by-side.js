/** Tasks that run side by side, a few at a time. */

/**
 * Begins the first `width` tasks, and each other one as soon as one before it has ended.
 *
 * @template T
 * @param {readonly (() => Promise<T>)[]} tasks none may reject: who waits for one later would not see it in time
 * @param {number} width
 * @returns {readonly Promise<T>[]} their results, each in its place
 */
export function beginAll(tasks, width) {
  /** @type {(() => void)[]} */
  const waiting = [];
  let free = width;
  return tasks.map(async (task) => {
    if (free > 0) free -= 1;
    else await new Promise((resolve) => waiting.push(() => resolve(undefined)));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  });
}
