/**
 * Every algorithm that the examples run on, one line each: `@quorate/NAME` has a function `NAME` that
 * makes it.
 */
export const algorithms: readonly string[] = ['raft', 'paxos'];
