/**
 * Compares what was found with what was called.
 *
 * Writes are atomic and take effect in order. So what is found must be what was there after some
 * number of them: at least as many as were acknowledged, at most as many as were called. Anything
 * else lost, kept or made up something.
 */
import type { LogIndex } from '@quorate/core';
import type { Fingerprint } from './content.ts';
import type { Model, ModelSnapshot } from './model.ts';
import type { PlannedOp } from './steps.ts';

/** All that a storage holds, as it was read from it. */
export interface Found {
  readonly records: readonly (readonly [LogIndex, Fingerprint])[];
  /** What the open said about the records. */
  readonly span: { readonly first: LogIndex; readonly last: LogIndex } | undefined;
  readonly lastRecord: Fingerprint | undefined;
  readonly state: Fingerprint | undefined;
  /** The content as it was read, whatever its description says. */
  readonly snapshot: ModelSnapshot | undefined;
  /** What does not fit together already, without knowing what was written. */
  readonly flaws: readonly string[];
}

/** What came out. */
export type Judgement =
  /** @property kept number of the last write that took effect. */
  | { readonly type: 'kept'; readonly kept: number; readonly model: Model }
  | { readonly type: 'lost'; readonly message: string };

/** Differences that a message names. */
const mostNamed = 4;

/**
 * @param before what was there before the first write.
 * @param writes of the life, from its first.
 * @param acknowledged number of the last write that was.
 * @param called number of the last write that was.
 */
export function judge(
  before: Model,
  writes: Iterable<readonly PlannedOp[]>,
  acknowledged: number,
  called: number,
  found: Found,
): Judgement {
  if (found.flaws.length > 0) return { type: 'lost', message: found.flaws.join('; ') };
  const model = before.clone();
  let closest: readonly string[] | undefined;
  const rest = writes[Symbol.iterator]();
  for (let kept = 0; kept <= called; kept++) {
    if (kept > 0) {
      const next = rest.next();
      if (next.done === true)
        throw new TypeError(`${called} writes were called, ${kept - 1} known`);
      model.apply(next.value);
    }
    if (kept < acknowledged) continue;
    const differences = differencesOf(model, found);
    if (differences.length === 0) return { type: 'kept', kept, model };
    if (closest === undefined || differences.length < closest.length) closest = differences;
  }
  return lost(acknowledged, called, closest ?? []);
}

/** In what a storage differs from the model; empty: in nothing. */
export function differencesOf(model: Model, found: Found): readonly string[] {
  const differences: string[] = [];
  const records = new Map(found.records);
  for (const [index, record] of model.records) {
    const there = records.get(index);
    if (there === undefined) differences.push(`record ${index} is gone`);
    else if (there !== record) differences.push(`record ${index} is ${there}, not ${record}`);
  }
  for (const index of records.keys()) {
    if (!model.records.has(index)) differences.push(`record ${index} is there`);
  }
  const compare = (what: string, there = 'nothing', wanted = 'nothing'): void => {
    if (there !== wanted) differences.push(`${what} is ${there}, not ${wanted}`);
  };
  const { span } = model;
  compare('the log', spanText(found.span), spanText(span));
  const last = span === undefined ? undefined : model.records.get(span.last);
  compare('the last record', found.lastRecord, last);
  compare('the state', found.state, model.state);
  compare('the snapshot', snapshotText(found.snapshot), snapshotText(model.snapshot));
  return differences;
}

function lost(acknowledged: number, called: number, closest: readonly string[]): Judgement {
  const more = closest.length > mostNamed ? `, and ${closest.length - mostNamed} more` : '';
  return {
    type: 'lost',
    message: `what is there is not what ${acknowledged} to ${called} writes leave: ${closest.slice(0, mostNamed).join(', ')}${more}`,
  };
}

function spanText(span: Found['span']): string | undefined {
  return span === undefined ? undefined : `${span.first} to ${span.last}`;
}

function snapshotText(snapshot: ModelSnapshot | undefined): string | undefined {
  if (snapshot === undefined) return undefined;
  return `at ${snapshot.index}, context ${snapshot.context}, content ${snapshot.content}`;
}
