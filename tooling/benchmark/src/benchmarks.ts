/** The benchmarks there are, by name. Another one is one line here. */
import { algorithms } from './runs/algorithms.ts';
import type { Benchmark } from './runs/bench.ts';
import { engine } from './runs/engine.ts';
import { floor } from './runs/floor.ts';
import { ledger } from './runs/ledger.ts';
import { recover } from './runs/recover.ts';
import { snapshot } from './runs/snapshot.ts';
import { storage } from './runs/storage.ts';

/** In the order in which they are listed. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map([
  ['algorithms', algorithms],
  ['engine', engine],
  ['floor', floor],
  ['storage', storage],
  ['recover', recover],
  ['snapshot', snapshot],
  ['ledger', ledger],
]);
