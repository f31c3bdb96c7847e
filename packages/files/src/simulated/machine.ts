/** What the parts of a simulated disk share. */
import type { Random, Runtime } from '@quorate/core';
import type { Misdirection } from './api.ts';
import type { DiskOperation, Faults } from './faults.ts';
import type { Names } from './names.ts';
import type { Medium } from './sector.ts';

/** The machine that a process runs on. */
export interface Machine {
  readonly medium: Medium;
  names: Names;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly latencyMs: readonly [from: number, to: number];
  readonly shortWrites: number;
  readonly counts: Record<DiskOperation, number>;
  readonly faults: Faults;
  misdirections: Misdirection[];
  readonly stalled: Set<DiskOperation>;
  /** Before each operation that changes the disk. */
  changed(): void;
}
