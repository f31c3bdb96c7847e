/**
 * `floor`: what the disk and the loopback do without us. Nothing that is durable and replicated can be
 * faster than a sync and a round trip.
 */
import type { Row } from '../results/row.ts';
import type { Benchmark, Context } from './bench.ts';
import { pingPong, syncedAppends } from './floor-work.ts';
import { interleave, type Match } from './rounds.ts';

/** Frames in a block: what a turn under load has for a peer. */
const blockFrames = 64;

/** Long enough for a floor that only goes along with other work. */
const briefSeconds = 1;

/** The benchmark of its own. */
export const floor: Benchmark = {
  summary: 'synced appends, and frames to another process and back',
  variants: ['disk', 'network'],
  windows: [1],
  floors: false,
  async run(context) {
    const { seconds, variants } = context.settings;
    const matches = await matchesOf(
      context,
      'floor',
      undefined,
      seconds,
      [4096, 65_536, 1_048_576],
    );
    return interleave(
      matches.filter(({ subject }) => variants.includes(subject.variant)),
      context,
    );
  },
};

/** The same on both sides of other work, in brief. */
export async function measureFloors(
  context: Context,
  bench: string,
  when: 'before' | 'after',
): Promise<readonly Row[]> {
  const seconds = Math.min(context.settings.seconds, briefSeconds);
  const settings = { ...context.settings, rounds: 1 };
  try {
    const matches = await matchesOf(context, bench, when, seconds, [4096, 65_536]);
    return await interleave(matches, { ...context, settings });
  } finally {
    await context.stage.clear();
  }
}

async function matchesOf(
  { settings, stage }: Context,
  bench: string,
  when: 'before' | 'after' | undefined,
  seconds: number,
  sizes: readonly number[],
): Promise<readonly Match[]> {
  const folder = await stage.folder();
  const { port } = await stage.worker({ kind: 'echo' });
  const duration = { seconds, checkpoint: () => stage.checkpoint() };
  const moment = when === undefined ? {} : { when };
  const disk = sizes.map((valueBytes): Match => {
    const measure = { variant: 'disk', operation: 'synced append', connections: 0, clients: 1 };
    return {
      subject: { bench, ...moment, ...measure, valueBytes },
      contestants: [
        { algorithm: null, measure: () => syncedAppends(folder, valueBytes, duration) },
      ],
    };
  });
  const network = [1, blockFrames].map((frames): Match => {
    const operation = frames === 1 ? 'ping-pong' : `ping-pong of ${frames} frames`;
    const { valueBytes } = settings;
    return {
      subject: {
        ...{ bench, ...moment, variant: 'network', operation },
        ...{ connections: 1, clients: 1, valueBytes },
      },
      contestants: [
        { algorithm: null, measure: () => pingPong(port, valueBytes, frames, duration) },
      ],
    };
  });
  return [...disk, ...network];
}
