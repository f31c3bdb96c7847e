/**
 * The little that a suite asks of a test framework. Vitest, Jest, Mocha and `node:test` fit as they
 * are; assertions are the suite's own.
 */

/** Registers tests. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  /** @param timeoutMs how long a test may take that takes long; some frameworks ignore it. */
  it(name: string, body: () => Promise<void>, timeoutMs?: number): unknown;
}
