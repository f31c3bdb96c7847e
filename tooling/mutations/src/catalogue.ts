/** Every mutation there is, and the known pitfalls that our code has no place for. */
import { driverMutations } from './catalogue/driver.ts';
import { paxosMutations } from './catalogue/paxos.ts';
import { paxosPitfalls } from './catalogue/paxos-pitfalls.ts';
import { morePaxosPitfalls } from './catalogue/paxos-pitfalls-2.ts';
import { raftMutations } from './catalogue/raft.ts';
import { raftPitfalls } from './catalogue/raft-pitfalls.ts';
import { moreRaftPitfalls } from './catalogue/raft-pitfalls-2.ts';
import { replicaMutations } from './catalogue/replica.ts';
import { sessionMutations } from './catalogue/sessions.ts';
import { storagePitfalls } from './catalogue/storage.ts';
import { storageMutations } from './catalogue/storage-own.ts';
import type { Mutation } from './mutation.ts';

/** All of them. */
export const catalogue: readonly Mutation[] = [
  ...raftPitfalls,
  ...moreRaftPitfalls,
  ...raftMutations,
  ...paxosPitfalls,
  ...morePaxosPitfalls,
  ...paxosMutations,
  ...driverMutations,
  ...replicaMutations,
  ...sessionMutations,
  ...storagePitfalls,
  ...storageMutations,
];

/** Known pitfalls that cannot be planted: number → why. */
export const notApplicable: Readonly<Record<string, string>> = {};
