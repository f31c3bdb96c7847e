/** Ways into the group: what a client needs of whoever it asks. */
import type { Acknowledge, Consistency } from '@quorate/core';
import type { Life } from '../nodes/life.ts';
import type { Answered, Called } from '../nodes/watched-machine.ts';

/** Somebody who can be asked now. */
export interface Entrance {
  /** Where it is, for the journal. */
  readonly name: string;
  /** Whoever asks hears nothing more once it ends. */
  readonly process: Life;
  execute(
    called: Called<unknown>,
    options: { readonly timeoutMs: number; readonly acknowledge: Acknowledge },
  ): Promise<unknown>;
  query(
    query: unknown,
    options: { readonly timeoutMs: number; readonly consistency: Consistency },
  ): Promise<Answered<unknown>>;
}

/** How one client gets in. */
export interface Door {
  /** `undefined`: nobody can be asked now. */
  choose(): Entrance | undefined;
  /** What was asked last got no answer. */
  disappointed(): void;
}
