/**
 * What a caller is told beyond the plain errors of core: two finer shades of *outcome unknown*.
 */
import { type LogIndex, OutcomeUnknownError, type QuorateError } from '@quorate/core';

/**
 * The command was applied and a quorum holds it, but it is not confirmed that every voter has
 * applied it (`acknowledge: 'all'`). Do not repeat it: the result is in `result`.
 *
 * It is no plain result, because the caller would then read from another replica what is not there
 * yet; and no definite rejection, because the command did happen. So it is the third outcome, with
 * everything that is known.
 */
export class NotConfirmedByAllError extends OutcomeUnknownError {
  /** Where the command stands in the log. */
  readonly index: LogIndex;
  /** What the machine returned. */
  readonly result: unknown;

  constructor(index: LogIndex, result: unknown, cause: unknown) {
    super(
      `applied at index ${String(index)}, but not every voter has confirmed it; do not repeat the command`,
      { cause },
    );
    this.index = index;
    this.result = result;
  }
}

/** What became of one command of a batch. */
export type CommandOutcome =
  | { readonly type: 'result'; readonly result: unknown }
  /** It did not and will never happen. */
  | { readonly type: 'rejected'; readonly error: QuorateError }
  /** It may happen, or did. */
  | { readonly type: 'unknown'; readonly error: OutcomeUnknownError };

/**
 * Some commands of a batch have no result, and not all of those are known never to happen, or
 * others have one. `outcomes` says it for each command, in order.
 */
export class BatchOutcomeError extends OutcomeUnknownError {
  readonly outcomes: readonly CommandOutcome[];

  constructor(outcomes: readonly CommandOutcome[], cause: QuorateError) {
    const results = outcomes.filter((outcome) => outcome.type === 'result').length;
    const rejected = outcomes.filter((outcome) => outcome.type === 'rejected').length;
    super(
      `of ${String(outcomes.length)} commands ${String(results)} have a result, ${String(rejected)} were rejected, ` +
        `${String(outcomes.length - results - rejected)} are unknown; look at outcomes`,
      { cause },
    );
    this.outcomes = outcomes;
  }
}
