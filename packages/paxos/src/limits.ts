/**
 * What messages may hold: the roles keep to it, and the codec believes nothing that goes past it.
 */

/** Bytes that a record takes in a message besides its own, at most. */
export const placedOverheadBytes = 10;

/** Most ranges in one `Accepted`; what does not fit is told with a later one. */
export const maxRanges = 128;
