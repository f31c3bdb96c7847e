/**
 * The little that a suite asks of a test framework. Vitest, Jest, Mocha and `node:test` fit as they
 * are; assertions are the suite's own.
 */

/** Registers tests. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}
