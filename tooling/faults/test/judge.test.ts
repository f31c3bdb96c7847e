/** What is found after a fault, against what was called: each way of being wrong is planted once. */
import { describe, expect, it } from 'vitest';
import { bytesOf, type Content, fingerprintOf } from '../src/plan/content.ts';
import { type Found, judge } from '../src/plan/judge.ts';
import { Model } from '../src/plan/model.ts';
import type { PlannedOp } from '../src/plan/steps.ts';

const content = (name: string, bytes = 100): Content => ({ name, bytes });
const put = (index: number, name: string): PlannedOp => ({
  type: 'put',
  index,
  record: content(name),
});

/** Five writes, one after the other. */
const writes: readonly (readonly PlannedOp[])[] = [
  [put(1, 'one'), put(2, 'two'), { type: 'state', bytes: content('state') }],
  [put(3, 'three'), put(5, 'five')],
  [{ type: 'dropAfter', index: 3 }, put(4, 'four')],
  [
    { type: 'snapshot', index: 2, context: content('context', 7), content: content('map', 5000) },
    { type: 'dropBefore', index: 2 },
  ],
  [put(4, 'four again')],
];

/** What a storage holds after so many of them. */
function foundAfter(count: number): Found {
  const model = new Model();
  for (const ops of writes.slice(0, count)) model.apply(ops);
  const { span, state, snapshot, records } = model;
  const lastRecord = span === undefined ? undefined : records.get(span.last);
  return { records: [...records], span, lastRecord, state, snapshot, flaws: [] };
}

function judged(found: Found, acknowledged: number, called: number): unknown {
  const judgement = judge(new Model(), writes, acknowledged, called, found);
  return judgement.type === 'kept' ? judgement.kept : judgement.message;
}

describe('what is found after a fault', () => {
  it('is as it must be after any number of writes from acknowledged to called', () => {
    for (let called = 0; called <= writes.length; called++) {
      for (let acknowledged = 0; acknowledged <= called; acknowledged++) {
        for (let kept = 0; kept <= writes.length; kept++) {
          const result = judged(foundAfter(kept), acknowledged, called);
          if (kept >= acknowledged && kept <= called) expect(result).toBe(kept);
          else expect(result).toMatch(/^what is there is not what/);
        }
      }
    }
  });

  it('is where the next life begins', () => {
    const judgement = judge(new Model(), writes, 3, 5, foundAfter(4));
    expect(judgement.type === 'kept' && judgement.model.shape).toEqual({
      first: 2,
      last: 4,
      snapshot: 2,
    });
  });

  it('knows what was there before the first write', () => {
    const before = new Model();
    before.apply([put(1, 'old')]);
    const found = foundAfter(1);
    expect(judge(before, writes, 0, 1, found)).toMatchObject({ type: 'kept', kept: 1 });
    expect(judge(before, writes, 0, 0, found).type).toBe('lost');
    expect(before.records.size).toBe(1);
  });

  it('must be what was there before where nothing was called', () => {
    expect(judge(new Model(), [], 0, 0, foundAfter(0))).toMatchObject({ type: 'kept', kept: 0 });
    expect(judge(new Model(), [], 0, 0, foundAfter(1)).type).toBe('lost');
  });

  const after = foundAfter(4);
  const other = fingerprintOf(bytesOf(content('other')));
  const without = (lost: number): Found['records'] =>
    after.records.filter(([index]) => index !== lost);

  it.each<{ readonly what: string; readonly found: Found; readonly message: RegExp }>([
    {
      what: 'the last record is lost',
      found: { ...after, records: without(4), span: { first: 2, last: 3 } },
      message: /record 4 is gone/,
    },
    {
      what: 'there is a hole',
      found: { ...after, records: without(3) },
      message: /record 3 is gone/,
    },
    {
      what: 'a record has other bytes',
      found: { ...after, records: [...without(3), [3, other]] },
      message: /record 3 is 100:\w{8}, not 100:\w{8}$/m,
    },
    {
      what: 'a dropped record is back',
      found: { ...after, records: [...after.records, [5, other]], span: { first: 2, last: 5 } },
      message: /record 5 is there, the log is 2 to 5, not 2 to 4/,
    },
    {
      what: 'the open says another span',
      found: { ...after, span: { first: 2, last: 3 } },
      message: /the log is 2 to 3, not 2 to 4/,
    },
    {
      what: 'the open gives another last record',
      found: { ...after, lastRecord: other },
      message: /the last record is/,
    },
    {
      what: 'the state is lost',
      found: { ...after, state: undefined },
      message: /the state is nothing, not 100:/,
    },
    {
      what: 'the state is another one',
      found: { ...after, state: other },
      message: /the state is 100:/,
    },
    {
      what: 'the snapshot is lost',
      found: { ...after, snapshot: undefined },
      message: /the snapshot is nothing, not at 2, context 7:\w+, content 5000:/,
    },
    {
      what: 'the content of the snapshot is another one',
      found: { ...after, snapshot: after.snapshot && { ...after.snapshot, content: other } },
      message: /the snapshot is at 2, context 7:\w+, content 100:/,
    },
    {
      what: 'the snapshot is there, and its trim is not',
      found: { ...foundAfter(3), snapshot: after.snapshot },
      message: /what is there is not what 4 to 5 writes leave/,
    },
    {
      what: 'something does not fit together by itself',
      found: { ...after, flaws: ['it is crooked'] },
      message: /^it is crooked$/,
    },
  ])('is wrong where $what', ({ found, message }) => {
    expect(judged(found, 4, 5)).toMatch(message);
  });
});
