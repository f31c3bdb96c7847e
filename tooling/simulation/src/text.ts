/** What is printed. */
import type { Profile } from '@quorate/simulator';
import type { Failure, Tally } from './tally.ts';

/** How to see a failure again. */
export function againLine(
  { algorithm, seed }: Failure,
  profile: Profile,
  workload: string | undefined,
): string {
  const words = ['npx pnpm@10 sim', '--algorithm', algorithm, '--seed', String(seed)];
  if (profile !== 'swarm') words.push('--profile', profile);
  if (workload !== undefined) words.push('--workload', workload);
  return words.join(' ');
}

/** A failure in a line, and in another one how to see it again. */
export function failureLines(
  failure: Failure,
  profile: Profile,
  workload: string | undefined,
): string {
  const { algorithm, seed, violation, virtualMs } = failure;
  return (
    `FAILED ${algorithm} seed ${String(seed)} at ${seconds(virtualMs)} virtual s: ${violation}\n` +
    `  again: ${againLine(failure, profile, workload)} --shrink --trace trace.ndjson`
  );
}

/** What the runs of an algorithm came to. */
export function tallyLines(algorithm: string, tally: Tally, realMs: number): string {
  const { seeds, virtualMs } = tally;
  const hours = (virtualMs / 3_600_000).toFixed(2);
  const ratio = (virtualMs / realMs).toFixed(0);
  return [
    `${algorithm}: ${String(seeds)} seeds, ${hours} virtual hours, ${ratio} virtual seconds a second`,
    `  operations  ${String(tally.ok)} answered, ${String(tally.failed)} refused, ${String(tally.unknown)} of unknown outcome`,
    `  events      ${String(tally.events)}; turns ${String(tally.turns)}; frames ${String(tally.framesSent)}, ${String(tally.framesLost)} lost, ${String(tally.framesCorrupted)} damaged`,
    `  recovery    at most ${seconds(tally.longestRecoveryMs)} virtual s`,
    `  twice       ${String(tally.twice)} seeds`,
    `  faults      ${listed(tally.faults)}`,
    `  paths       ${listed(tally.coverage)}`,
  ].join('\n');
}

/** The last line of all. */
export function totalLine(passed: number, failed: number): string {
  return `${String(passed)} passed, ${String(failed)} failed`;
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, times]) => `${name} ${String(times)}`)
    .join(', ');
}
