/**
 * What must always hold in the parts that engines share, asserted in production too: a broken
 * invariant stops the node with an `InvariantError`; it never guesses. What holds by the rules of one
 * algorithm is listed by that algorithm.
 *
 * The statements are constants, so that a check that holds costs a comparison and nothing else.
 */
export const engineInvariants = {
  committedGapless: 'committed entries are handed out one after the other',
  appliedWasHandedOut: 'nothing is applied that was not handed out',
  tailContiguous: 'records in memory are contiguous and end with the log',
  /** Completions are of writes that were asked for. */
  storedWasIssued: 'nothing is stored that was not written',
  logReadable: 'a record that the log holds can be read back',
} as const;
