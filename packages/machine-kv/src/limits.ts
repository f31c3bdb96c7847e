/**
 * Every bound of the machine. They are constants and not options: each takes part in what `apply`
 * answers, so two replicas with different bounds would come to different states.
 */

/** Longest key, in bytes of UTF-8. A key has at least one byte. */
export const maxKeyBytes = 1024;

/** Largest value, in bytes. */
export const maxValueBytes: number = 1024 * 1024;

/** Most compares of one transaction. */
export const maxTransactionCompares = 128;

/** Most operations in one branch of a transaction. */
export const maxTransactionOperations = 128;

/** Most pairs that one range read answers with. */
export const maxRangeLimit = 10_000;

/** Pairs that a range read answers with unless it says otherwise. */
export const defaultRangeLimit = 1000;

/**
 * Most bytes of pairs in one result or answer. A range read stops before it and says `more`; a
 * command that asks for more previous pairs is rejected. Holds for a transaction as a whole. The
 * session table keeps results, so this bounds what one command can make every replica hold.
 */
export const maxAnswerBytes: number = 4 * 1024 * 1024;

/** Most leases. */
export const maxLeases = 100_000;

/** Most keys that hang on one lease: all of them are deleted by one entry when it ends. */
export const maxLeaseKeys = 10_000;

/** Shortest life of a lease, in ms. The leader's entries by which leases run out are so far apart. */
export const minLeaseTtlMs = 100;

/** Longest life of a lease without being renewed, in ms: a year. */
export const maxLeaseTtlMs: number = 366 * 24 * 60 * 60 * 1000;

/**
 * Most leases and keys of leases that run out by one entry of the leader: no further lease is begun once they
 * are reached.
 */
export const maxExpirySteps = 10_000;

/** Most changes that one `take` of a watch looks at, whether they are wanted or not. */
export const maxTakeSteps = 8192;

/** How many superseded revisions stay readable in a new map, see `kv.retain`. */
export const defaultRetainRevisions = 10_000;

/** How many bytes of superseded versions stay readable in a new map, see `kv.retain`. */
export const defaultRetainBytes: number = 256 * 1024 * 1024;

/**
 * What a version counts besides its key and value wherever bytes of memory or of an answer are
 * bounded, so that a flood of tiny keys is bounded too.
 */
export const versionOverheadBytes = 128;
