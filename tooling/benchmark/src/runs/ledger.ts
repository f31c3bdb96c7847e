/**
 * `ledger`: the accounting machine alone, without a log. How many transfers it applies, alone and many in one
 * command, and how much of that goes into hashes.
 */
import { maxOperations } from '@quorate/machine-ledger';
import { applyTransfers, hashRecords, recordBytes } from '../subjects/ledger-load.ts';
import type { Benchmark } from './bench.ts';
import { warmUpShare } from './replicas.ts';
import { type Contestant, interleave, type Match } from './rounds.ts';

/** The ledger's speed as a part of that of its hashes is what they take of its time. */
const comparisons = [{ to: 'its hashes', of: 'speed' }] as const;

/** The benchmark. */
export const ledger: Benchmark = {
  summary: 'the ledger alone: transfers applied, one or many in a command, and what hashing takes',
  variants: ['apply'],
  windows: [1, 100],
  async run(context) {
    const { settings, stage } = context;
    const { seconds, windows } = settings;
    const tooMany = windows.find((transfers) => transfers > maxOperations);
    if (tooMany !== undefined) {
      throw new RangeError(
        `a command of the ledger has up to ${maxOperations} transfers, not ${tooMany}; choose other --windows`,
      );
    }
    const valueBytes = recordBytes();
    const matches = windows.map((transfers): Match => {
      const task = { transfers, seconds, warmUpSeconds: seconds * warmUpShare };
      const contestant = (name: string, measure: Contestant['measure']): Contestant => ({
        ...{ algorithm: null, name, measure },
        row: { operation: name },
      });
      const checkpoint = (): void => stage.checkpoint();
      return {
        subject: {
          ...{ bench: 'ledger', variant: 'apply', operation: 'transfer' },
          ...{ connections: 0, clients: transfers, valueBytes },
        },
        contestants: [
          contestant('transfer', () => applyTransfers({ ...task, checkpoint })),
          contestant('its hashes', () => hashRecords({ ...task, checkpoint })),
        ],
        comparisons,
      };
    });
    return interleave(matches, context);
  },
};
