/**
 * A deterministic world for engines: nodes with disks, clocks and a network on virtual time, out of
 * one seed, with the invariants of consensus checked after every step.
 */
export * from '@quorate/core/checks';
export { Cluster, type ClusterOptions } from './cluster.ts';
export { calm, type Conditions, type Range } from './conditions.ts';
export { Consumer } from './consumer.ts';
export { type Durable, SimDisk, type StoredSnapshot } from './disk.ts';
export { type Receive, SimNetwork, type Tap, type Verdict } from './network.ts';
export { SimNode, type World } from './node.ts';
export { beginFrom, forceSoleVoter, type SavedState } from './new-group.ts';
export { drawProfile, type Profile, type ProfileLimits } from './profile.ts';
export { type Ending, Requests } from './requests.ts';
export { Clock, Schedule } from './schedule.ts';
export { type Roads, Shipping } from './shipping.ts';
export { Swarm, type SwarmOptions } from './swarm.ts';
export { SoloEngine, type SoloEngineOptions } from './solo.ts';
export { Trace } from './trace.ts';
