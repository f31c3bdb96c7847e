/**
 * What a caller is told beyond the plain errors of core: a finer shade of *outcome unknown*.
 */
import { OutcomeUnknownError, type QuorateError } from '@quorate/core';

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
