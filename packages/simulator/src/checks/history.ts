/**
 * What clients were told could have been said by one machine alone: by the search for any order of their
 * operations, and by the order of the log.
 */
import { check, describeViolation, type History, type Model } from '@quorate/linearizability';
import type { Place } from './states.ts';
import { contradiction, inOrderOfLog, isDetermined } from './witness.ts';

/** The search gives up after so many configurations beyond those that one order takes. */
const spareConfigurations = 20_000;

/**
 * @param placeOf where an operation, by its place in the history, took effect; `undefined`: nowhere that anybody
 * would notice
 * @param maxConfigurations after how many the search gives up; one order takes one an operation
 * @returns the rule that is broken; `undefined`: none is
 */
export function judge(
  model: Model<unknown, unknown, unknown>,
  history: History<unknown, unknown>,
  placeOf: (id: number) => Place | undefined,
  maxConfigurations: number = history.length + spareConfigurations,
): string | undefined {
  const placed = history.flatMap((operation, id) => {
    const place = placeOf(id);
    if (place === undefined || operation.ending.type === 'fail') return [];
    return [{ id, operation, place }];
  });
  const order = inOrderOfLog(placed);
  const hint = order.map(({ id }) => id);
  // No clock: how far it gets must not depend on the real one.
  const bounds = { maxConfigurations, explanationMs: 1, clock: () => 0 };
  const verdict = check(model, history, { ...bounds, hint });
  if (verdict.verdict === 'violation') {
    return `linearizability: ${describeViolation(model, verdict.violation)}`;
  }
  const why = contradiction(model, order);
  if (why !== undefined) return `linearizability: in the order of the log, ${why}`;
  // An order that explains the history and is tried first cannot be missed: the search is wrong, or the log is.
  // Where the model leaves something open, though, the search may have guessed wrong.
  return verdict.verdict === 'unknown' && isDetermined(model, order)
    ? 'linearizability: undecided by the search, though it tries the order of the log first, which explains the history'
    : undefined;
}
