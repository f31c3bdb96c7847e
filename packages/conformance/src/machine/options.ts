/**
 * What whoever wrote a machine hands to the suite: the machine, and what can be said to it.
 */
import type { Random, StateMachine } from '@quorate/core';
import type { TestFramework } from '../framework.ts';
import type { Bench } from './bench.ts';

/**
 * What a machine may have or promise beyond what every machine must:
 *
 * - `stateHash`, `expiry` (`nextExpiry` and `expire`) and `renewal` (`renew`): the port's optional methods;
 * - `equalSnapshots`: equal states have snapshots with the same bytes;
 * - `damage`: a snapshot in which any one bit has flipped is refused;
 * - `growth`: the state can be made large, by the `grow` of the options.
 */
export type MachineFeature =
  | 'stateHash'
  | 'expiry'
  | 'renewal'
  | 'equalSnapshots'
  | 'damage'
  | 'growth';

/** What {@link machineSuite} needs. */
export interface MachineSuiteOptions<Command, Result, Query, Answer> {
  readonly framework: TestFramework;
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes a machine that nothing has happened to. */
  create(): StateMachine<Command, Result, Query, Answer>;
  /**
   * Draws a command as a user might write it; a good one draws from few names, so that commands meet, and now
   * and then one that the state does not allow. It must be possible to encode it.
   */
  command(random: Random): Command;
  /** Draws a query likewise. */
  query(random: Random): Query;
  /**
   * Draws the bytes of a command that makes no sense in any state, as a careless or hostile client may send
   * them: whatever becomes of it, the state must stay as it was. @default only what the suite damages itself
   */
  readonly badCommand?: (random: Random) => Uint8Array;
  /** The command that makes the state larger for the nth time, from 0. Needed for the feature `growth`. */
  grow?(nth: number): Command;
  /**
   * Features that the machine does not have: tests that need one are not registered. Every other feature must
   * be there, so that no test is left out by an oversight. @default none
   */
  readonly without?: readonly MachineFeature[];
  /** How many random histories each test goes through. @default 10 */
  readonly histories?: number;
  /** How many commands are in one. @default 120 */
  readonly commands?: number;
  /** Where the draws begin; a failure names the one to give here, with `histories: 1`. @default another each time */
  readonly seed?: number;
}

/** What is known of the machine under test. */
export type AnyOptions = MachineSuiteOptions<unknown, unknown, unknown, unknown>;

/** How a group registers its tests. */
export interface MachineTests {
  readonly options: AnyOptions;
  /** Whether the machine has the feature. */
  readonly has: (feature: MachineFeature) => boolean;
  /** Registers a test that goes through many histories, unless the machine lacks a feature that it needs. */
  readonly test: (
    name: string,
    body: (bench: Bench) => Promise<void>,
    needs?: readonly MachineFeature[],
  ) => void;
}
