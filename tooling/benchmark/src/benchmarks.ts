/** The benchmarks there are, by name. Another one is one line here. */
import { algorithms } from './runs/algorithms.ts';
import type { Benchmark } from './runs/bench.ts';
import { cluster } from './runs/cluster.ts';
import { engine } from './runs/engine.ts';
import { failover } from './runs/failover.ts';
import { floor } from './runs/floor.ts';
import { ledger } from './runs/ledger.ts';
import { group } from './runs/group.ts';
import { load } from './runs/load.ts';
import { read } from './runs/read.ts';
import { recover } from './runs/recover.ts';
import { scale } from './runs/scale.ts';
import { snapshot } from './runs/snapshot.ts';
import { soak } from './runs/soak.ts';
import { storage } from './runs/storage.ts';

/** In the order in which they are listed. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map([
  ['algorithms', algorithms],
  ['engine', engine],
  ['floor', floor],
  ['group', group],
  ['storage', storage],
  ['cluster', cluster],
  ['read', read],
  ['failover', failover],
  ['recover', recover],
  ['snapshot', snapshot],
  ['ledger', ledger],
  ['scale', scale],
  ['soak', soak],
  ['load', load],
]);
