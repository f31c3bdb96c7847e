/** A log whose entries all have the same size, whoever keeps it. */

/** What the next write is about. */
export interface Append {
  /** Index of its first entry. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
  /** The contents of the entries, one behind the other. */
  readonly block: Uint8Array;
  /** What lies below is not needed any more. */
  readonly dropBefore: number | undefined;
}

/** A log of this kind. */
export interface Journal {
  /**
   * Prepares a write, and gives the call that makes it durable. Only that call is measured: what its
   * arguments cost is the caller's business, and the same for all.
   */
  prepare(append: Append): () => Promise<void>;
  /** Writes that were made durable, each by a sync, as far as it counts them. */
  readonly syncs: number | undefined;
  close(): Promise<void>;
}
