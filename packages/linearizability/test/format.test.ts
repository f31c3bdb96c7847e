/** The format of histories, clause by clause, and what is told of lines that do not follow it. */
import {
  casRegisterModel,
  check,
  counterModel,
  formatHistory,
  HistoryParser,
  HistoryRecorder,
  kvModel,
  LinearizabilityError,
  type Model,
  parseHistory,
  registerModel,
} from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';

/** `0 invoke write 1` and the like: process, type, and the rest as JSON members. */
function lines(...events: readonly (readonly [process: number, type: string, rest?: object])[]) {
  return events
    .map(([process, type, rest]) => JSON.stringify({ process, type, ...rest }))
    .join('\n');
}

function verdict(model: Model<never> | Model<unknown>, text: string): string {
  return check(model as Model<unknown>, parseHistory(text)).verdict;
}

const read = { f: 'read' };
const write = (value: unknown) => ({ f: 'write', value });
const cas = (from: unknown, to: unknown, result?: boolean) => ({
  f: 'cas',
  value: [from, to],
  result,
});
const got = (value: unknown) => ({ f: 'read', value });

describe('what the lines mean', () => {
  it.each([
    [
      'a register is nil at first',
      'ok',
      [
        [0, 'invoke', read],
        [0, 'ok', got(null)],
      ],
    ],
    [
      'and nothing else',
      'violation',
      [
        [0, 'invoke', read],
        [0, 'ok', got(0)],
      ],
    ],
    [
      'a read sees the write before it',
      'violation',
      [
        [0, 'invoke', write(1)],
        [0, 'ok'],
        [1, 'invoke', read],
        [1, 'ok', got(null)],
      ],
    ],
    [
      'a read may see a write beside it',
      'ok',
      [
        [0, 'invoke', write(1)],
        [1, 'invoke', read],
        [1, 'ok', got(1)],
        [0, 'ok'],
      ],
    ],
    [
      'the order of lines decides, not the times',
      'violation',
      [
        [0, 'invoke', { ...write(1), time: 900 }],
        [0, 'ok', { time: 1000 }],
        [1, 'invoke', { ...read, time: 1 }],
        [1, 'ok', { ...got(null), time: 2 }],
      ],
    ],
    [
      'a cas matched',
      'ok',
      [
        [0, 'invoke', cas(null, 2)],
        [0, 'ok', cas(null, 2, true)],
        [0, 'invoke', read],
        [0, 'ok', got(2)],
      ],
    ],
    [
      'a cas that says false, and matched',
      'violation',
      [
        [0, 'invoke', cas(null, 2)],
        [0, 'ok', cas(null, 2, false)],
      ],
    ],
    [
      'a cas that says true, and did not match',
      'violation',
      [
        [0, 'invoke', cas(1, 2)],
        [0, 'ok', cas(1, 2, true)],
      ],
    ],
    [
      'a cas that says false changed nothing',
      'violation',
      [
        [0, 'invoke', cas(1, 2)],
        [0, 'ok', cas(1, 2, false)],
        [0, 'invoke', read],
        [0, 'ok', got(2)],
      ],
    ],
    [
      'what failed did not happen',
      'violation',
      [
        [0, 'invoke', write(1)],
        [0, 'fail'],
        [0, 'invoke', read],
        [0, 'ok', got(1)],
      ],
    ],
    [
      'a read that failed tells nothing',
      'ok',
      [
        [0, 'invoke', read],
        [0, 'fail', got(5)],
      ],
    ],
    [
      'a read of unknown outcome tells nothing',
      'ok',
      [
        [0, 'invoke', read],
        [0, 'info', got(5)],
      ],
    ],
    [
      'info may have happened',
      'ok',
      [
        [0, 'invoke', write(1)],
        [0, 'info'],
        [1, 'invoke', read],
        [1, 'ok', got(1)],
      ],
    ],
    [
      'info may not have happened',
      'ok',
      [
        [0, 'invoke', write(1)],
        [0, 'info'],
        [1, 'invoke', read],
        [1, 'ok', got(null)],
      ],
    ],
    [
      'info may happen late',
      'ok',
      [
        [0, 'invoke', write(1)],
        [0, 'info'],
        [1, 'invoke', read],
        [1, 'ok', got(null)],
        [1, 'invoke', read],
        [1, 'ok', got(1)],
      ],
    ],
    [
      'info happens once',
      'violation',
      [
        [0, 'invoke', write(1)],
        [0, 'info'],
        [1, 'invoke', read],
        [1, 'ok', got(1)],
        [1, 'invoke', write(2)],
        [1, 'ok'],
        [1, 'invoke', read],
        [1, 'ok', got(2)],
        [1, 'invoke', read],
        [1, 'ok', got(1)],
      ],
    ],
    [
      'info does not happen before its call',
      'violation',
      [
        [1, 'invoke', read],
        [1, 'ok', got(1)],
        [0, 'invoke', write(1)],
        [0, 'info'],
      ],
    ],
    [
      'what never completes may have happened',
      'ok',
      [
        [0, 'invoke', write(1)],
        [1, 'invoke', read],
        [1, 'ok', got(1)],
      ],
    ],
    [
      'what never completes may not have happened',
      'ok',
      [
        [0, 'invoke', write(1)],
        [1, 'invoke', read],
        [1, 'ok', got(null)],
      ],
    ],
    [
      'a process may go on after info',
      'ok',
      [
        [0, 'invoke', write(1)],
        [0, 'info'],
        [0, 'invoke', read],
        [0, 'ok', got(null)],
        [0, 'invoke', read],
        [0, 'ok', got(1)],
      ],
    ],
    [
      'keys are registers of their own',
      'violation',
      [
        [0, 'invoke', { ...write(1), key: 'x' }],
        [0, 'ok'],
        [0, 'invoke', { ...read, key: 'y' }],
        [0, 'ok', { ...got(1), key: 'y' }],
      ],
    ],
    [
      'values are any JSON, members in any order',
      'ok',
      [
        [0, 'invoke', write({ a: [1], b: null })],
        [0, 'ok'],
        [0, 'invoke', read],
        [0, 'ok', got({ b: null, a: [1] })],
      ],
    ],
    [
      '1 is not "1"',
      'violation',
      [
        [0, 'invoke', write(1)],
        [0, 'ok'],
        [0, 'invoke', read],
        [0, 'ok', got('1')],
      ],
    ],
  ] as const)('%s', (_, expected, events) => {
    expect(verdict(casRegisterModel() as Model<unknown>, lines(...events))).toBe(expected);
  });

  it('knows an absent key as ""', () => {
    const text = (value: unknown) =>
      lines([0, 'invoke', { f: 'read', key: 'x' }], [0, 'ok', { value }]);
    expect(verdict(kvModel() as Model<unknown>, text(''))).toBe('ok');
    expect(verdict(kvModel() as Model<unknown>, text(null))).toBe('violation');
  });

  it('appends in some order', () => {
    const text = (value: string) =>
      lines(
        [0, 'invoke', { f: 'append', key: 'x', value: 'a' }],
        [1, 'invoke', { f: 'append', key: 'x', value: 'b' }],
        [0, 'ok'],
        [1, 'ok'],
        [0, 'invoke', { f: 'read', key: 'x' }],
        [0, 'ok', { value }],
      );
    const values = ['ab', 'ba', 'a', 'aab'];
    const verdicts = values.map((value) => verdict(kvModel() as Model<unknown>, text(value)));
    expect(verdicts).toEqual(['ok', 'ok', 'violation', 'violation']);
  });

  it('takes no difference between lines with and without an end, a mark or blank lines', () => {
    const text = lines([0, 'invoke', read], [0, 'ok', got(null)]);
    expect(parseHistory(`\uFEFF${text.replaceAll('\n', '\r\n\r\n')}\r\n`)).toHaveLength(1);
    expect(parseHistory('')).toEqual([]);
  });
});

describe('what is wrong with a line', () => {
  const codeOf = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (error instanceof LinearizabilityError) return [error.code, error.line];
      throw error;
    }
    return 'nothing';
  };

  it.each([
    ['{', 'NOT_JSON', 1],
    ['[]', 'INVALID_EVENT', 1],
    ['{"type":"invoke","f":"read"}', 'INVALID_EVENT', 1],
    ['{"process":1.5,"type":"invoke","f":"read"}', 'INVALID_EVENT', 1],
    ['{"process":0,"type":"call","f":"read"}', 'INVALID_EVENT', 1],
    ['{"process":0,"type":"invoke"}', 'INVALID_EVENT', 1],
    ['{"process":0,"type":"invoke","f":"read","key":{}}', 'INVALID_EVENT', 1],
    ['{"process":0,"type":"invoke","f":"read","time":"now"}', 'INVALID_EVENT', 1],
    ['{"process":0,"type":"invoke","f":"write","value":9007199254740993}', 'INVALID_EVENT', 1],
    [
      `{"process":0,"type":"invoke","f":"write","value":${'['.repeat(99)}${']'.repeat(99)}}`,
      'INVALID_EVENT',
      1,
    ],
    [lines([0, 'ok', read]), 'OUT_OF_ORDER', 1],
    [lines([0, 'invoke', read], [0, 'invoke', read]), 'OUT_OF_ORDER', 2],
    [lines([0, 'invoke', read], [0, 'info'], [0, 'ok', got(1)]), 'OUT_OF_ORDER', 3],
    [lines([0, 'invoke', read], [0, 'ok', write(1)]), 'INVALID_EVENT', 2],
    [
      lines([0, 'invoke', { ...read, key: 'x' }], [0, 'ok', { ...got(1), key: 'y' }]),
      'INVALID_EVENT',
      2,
    ],
    [lines([0, 'invoke', read], [0, 'ok', read]), 'INVALID_OPERATION', 1],
    [lines([0, 'invoke', { f: 'write' }]), 'INVALID_OPERATION', 1],
    [lines([0, 'invoke', { f: 'cas', value: [1] }]), 'INVALID_OPERATION', 1],
    [lines([0, 'invoke', cas(1, 2)], [0, 'ok']), 'INVALID_OPERATION', 1],
    [lines([0, 'invoke', { f: 'toString' }]), 'INVALID_OPERATION', 1],
  ])('%s', (text, code, line) => {
    const act = () => check(casRegisterModel(), parseHistory(text));
    expect(codeOf(act)).toEqual([code, line]);
    expect(act).toThrow(/; /);
  });

  it('is what another model does not know', () => {
    const history = parseHistory(lines([0, 'invoke', cas(1, 2)]));
    expect(codeOf(() => check(registerModel(), history))).toEqual(['INVALID_OPERATION', 1]);
    expect(codeOf(() => check(counterModel(), history))).toEqual(['INVALID_OPERATION', 1]);
    expect(codeOf(() => check(kvModel(), history))).toEqual(['INVALID_OPERATION', 1]);
  });

  it('is too much of it', () => {
    const text = lines([0, 'invoke', read], [1, 'invoke', read]);
    expect(codeOf(() => parseHistory(text, { maxOperations: 1 }))).toEqual(['TOO_LARGE', 2]);
    expect(codeOf(() => parseHistory(text, { maxLineLength: 20 }))).toEqual(['TOO_LARGE', 1]);
    expect(codeOf(() => parseHistory(text, { maxOperations: 0 }))).toEqual([
      'INVALID_ARGUMENT',
      undefined,
    ]);
  });

  it('is told before the line has come to its end', () => {
    const parser = new HistoryParser({ maxLineLength: 10 });
    parser.push('{"process"');
    expect(codeOf(() => parser.push(':'))).toEqual(['TOO_LARGE', 1]);
  });
});

describe('a recorded history', () => {
  it('is read as it was written', () => {
    const recorder = new HistoryRecorder();
    const first = recorder.invoke(0, { f: 'cas', key: 'x', value: [null, 1] }, 5);
    const second = recorder.invoke('b', { f: 'read', key: 'x' });
    recorder.ok(first, { result: true }, 9);
    recorder.info(second, 10);
    recorder.fail(recorder.invoke(0, { f: 'write', key: 'x', value: 2 }));
    recorder.invoke('b', { f: 'read', key: 'x' });
    const text = formatHistory(recorder.history());
    expect(text.split('\n')[0]).toBe(
      '{"process":0,"type":"invoke","f":"cas","key":"x","value":[null,1],"time":5}',
    );
    expect(formatHistory(parseHistory(text))).toBe(text);
    expect(parseHistory(text).map(({ ending }) => ending.type)).toEqual([
      'ok',
      'info',
      'fail',
      'info',
    ]);
  });

  it('keeps a process to one operation at a time, and an operation to one ending', () => {
    const recorder = new HistoryRecorder();
    const id = recorder.invoke(0, { f: 'read' });
    expect(() => recorder.invoke(0, { f: 'read' })).toThrow(/under way/);
    recorder.info(id);
    expect(() => recorder.ok(id, { value: 1 })).toThrow(/has ended/);
    expect(recorder.invoke(0, { f: 'read' })).toBe(1);
  });

  it('cannot be checked with an end before its beginning', () => {
    const ending = { type: 'ok', output: {} } as const;
    const operation = { process: 0, input: write(1) as never, start: { order: 1 }, ending };
    expect(() => check(registerModel(), [{ ...operation, end: { order: 1 } }])).toThrow(
      /after its call/,
    );
    expect(() => check(registerModel(), [operation])).toThrow(/after its call/);
  });
});
