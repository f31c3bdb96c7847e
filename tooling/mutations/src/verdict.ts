/** What became of a mutation. */

/** Of one that was tried in one way. */
export type Verdict =
  | { readonly type: 'killed'; readonly by: Killer }
  /** Nobody noticed: a hole, unless somebody else does. `seeds`: how many the simulator has tried. */
  | { readonly type: 'survived'; readonly seeds?: number }
  /** The code is not part of what was tried. */
  | { readonly type: 'absent' }
  /** It says nothing: the mutation is no program, or the tests fail without it. */
  | { readonly type: 'invalid'; readonly reason: string };

/** Who noticed. */
export type Killer =
  | {
      readonly type: 'test';
      readonly file: string;
      readonly title: string;
      /** What the test has to say, its first line. */
      readonly message: string;
    }
  /** Outside of every test, such as a rejection that nobody took. */
  | { readonly type: 'error'; readonly message: string }
  /** It did not come to an end. */
  | { readonly type: 'time-out'; readonly seconds: number }
  /** `after`: how many seeds it took. */
  | {
      readonly type: 'seed';
      readonly algorithm: string;
      readonly seed: number;
      readonly after: number;
    };

/** What became of a mutation, in all ways in which it was tried. */
export interface Outcome {
  readonly id: string;
  /** `undefined`: not tried. */
  readonly suites: Verdict | undefined;
  readonly simulator: Verdict | undefined;
  readonly seconds: number;
}

/** The one word for it. */
export function summaryOf({ suites, simulator }: Outcome): 'killed' | 'survived' | 'invalid' {
  const verdicts = [suites, simulator].filter((verdict) => verdict !== undefined);
  if (verdicts.some(({ type }) => type === 'killed')) return 'killed';
  return verdicts.some(({ type }) => type === 'invalid') ? 'invalid' : 'survived';
}

/** For people. */
export function describeVerdict(verdict: Verdict): string {
  switch (verdict.type) {
    case 'killed':
      return `killed by ${describeKiller(verdict.by)}`;
    case 'survived':
      return 'SURVIVED';
    case 'absent':
      return 'not part of it';
    case 'invalid':
      return `INVALID: ${verdict.reason}`;
  }
}

export function describeKiller(killer: Killer): string {
  switch (killer.type) {
    case 'test':
      return `${killer.file}: ${killer.title}`;
    case 'error':
      return `an error outside of all tests: ${killer.message}`;
    case 'time-out':
      return `time-out: no end within ${String(killer.seconds)} s`;
    case 'seed':
      return `the simulator (${killer.algorithm}), seed ${String(killer.seed)}, after ${String(killer.after)} seeds`;
  }
}
