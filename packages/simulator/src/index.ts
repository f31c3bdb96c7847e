/**
 * A whole cluster in one thread on virtual time, out of one seed: the production replica, log, engine and
 * storage, on a simulated network, disks and clocks, with invariants checked after every step.
 *
 * @packageDocumentation
 */
export type { Fault, FaultType, Target } from './faults/fault.ts';
export type { NetworkConditions, Range } from './network/conditions.ts';
export type { NetworkCounts } from './network/network.ts';
export type { ClientCounts } from './clients/client.ts';
export {
  type DrawnAlgorithm,
  type MakeStorage,
  type SimulatedAlgorithm,
  type WorldParts,
} from './options.ts';
export type { ClientPlan, LimitPlan, Plan, SessionPlan } from './plan.ts';
export { type Profile, profiles } from './profiles.ts';
export { planOf, runPlan, simulate, type SimulateOptions } from './simulate.ts';
export { type ShrinkOptions, shrink, type Shrunk } from './shrink.ts';
export {
  type BankCommand,
  type BankMachine,
  bankMachine,
  bankWorkload,
  type BankWorkloadOptions,
} from './workloads/bank.ts';
export {
  type RegisterCommand,
  registerMachine,
  type RegisterResult,
  registerWorkload,
  type RegisterWorkloadOptions,
} from './workloads/registers.ts';
export type { Operation, Workload } from './workloads/workload.ts';
export type { TraceEvent, Tracer, TraceState } from './world/journal.ts';
export type { Run } from './world/world.ts';
