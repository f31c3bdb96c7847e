/** What a scenario is, and what it is handed. */
import type { Random } from '@quorate/core';
import type { Stage } from './stage.ts';

/** What went wrong in a round. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
}

export type ProblemKind =
  /** Something acknowledged is gone or changed, or something is there that nobody wrote. */
  | 'lost'
  /** Refused where it had to work, or with another error than STORAGE_FAILED. */
  | 'refused'
  /** It went on acknowledging after a failure. */
  | 'unnoticed'
  /** It did not end. */
  | 'stuck'
  /** It did what nobody may do, whatever the disk does. */
  | 'broken';

/** What came of one round. */
export interface Round {
  /** Faults that struck. */
  readonly struck: number;
  /** Times that it stopped, with STORAGE_FAILED. */
  readonly refused: number;
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  /** Writes that took effect without being acknowledged. */
  readonly beyond: number;
  readonly problems: readonly Problem[];
}

/** What a scenario is handed. */
export interface ScenarioContext {
  /** Name of the storage. */
  readonly storage: string;
  readonly seed: number;
  readonly stage: Stage;
}

/** What a round is handed. */
export interface RoundContext extends ScenarioContext {
  /** Of this round alone. */
  readonly random: Random;
  /** Says something about the round. */
  readonly note: (text: string) => void;
}

/** A scenario on one storage, under way. */
export interface Rounds {
  round(context: RoundContext): Promise<Round>;
}

/** A kind of fault. */
export interface Scenario {
  /** One line of help. */
  readonly summary: string;
  /** Rounds, unless something else is asked for. */
  readonly rounds: number;
  /** What keeps it from running on this machine, or with this storage. */
  whyNot(context: ScenarioContext): Promise<string | undefined>;
  /** Gets ready. */
  begin(context: ScenarioContext): Promise<Rounds>;
}

/** Adds up what happened within one round. */
export class Sum {
  struck = 0;
  refused = 0;
  acknowledged = 0;
  beyond = 0;
  readonly problems: Problem[] = [];

  add(part: Partial<Round>): void {
    this.struck += part.struck ?? 0;
    this.refused += part.refused ?? 0;
    this.acknowledged += part.acknowledged ?? 0;
    this.beyond += part.beyond ?? 0;
    this.problems.push(...(part.problems ?? []));
  }
}
