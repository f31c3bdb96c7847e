/**
 * Every bound of the ledger. They are constants and not options: each takes part in what `apply`
 * answers, so two replicas with different bounds would come to different states.
 */

/** Longest id of an account or a transfer, in characters of printable ASCII. */
export const maxIdLength = 64;

/** Longest name of a currency, in characters of printable ASCII. */
export const maxCurrencyLength = 16;

/** Most bytes of user data with an account or a transfer. */
export const maxUserDataBytes = 128;

/** Largest amount and largest balance, in minor units: 128 bits. */
export const maxAmount: bigint = 2n ** 128n - 1n;

/** Longest time after which a pending transfer expires: about 34 years. */
export const maxTimeoutMs: number = 2 ** 40;

/** Most operations of one atomic command. */
export const maxOperations = 256;

/** Most currencies of one ledger, so that its totals are one answer. */
export const maxCurrencies = 1024;

/**
 * Most events of one ledger. The state is in memory: a machine with less of it reaches its end before
 * this. A transfer that is pending keeps a place free for its end.
 */
export const maxEvents: number = 2 ** 26;

/** Most pending transfers that one call of `expire` ends; the next call goes on. */
export const maxExpiriesAtOnce = 1024;

/** Most entries of one page. */
export const maxPageLength = 1000;

/** Entries of a page unless the query says otherwise. */
export const defaultPageLength = 100;
