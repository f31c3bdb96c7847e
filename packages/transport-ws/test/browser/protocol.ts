/** What the test and the page that it drives say to each other. */
import type { Member } from '@quorate/core';

/** What a page does when it is told to: it is one member. */
export interface PageApi {
  /** Becomes a member of the group `browser`. */
  open(node: string, members: readonly Member[]): Promise<void>;
  /** Adds one to the counter, so many times. @returns what it held after each. */
  add(count: number): Promise<readonly number[]>;
  /** What the page's own state machine has come to. */
  state(): { readonly appliedIndex: number; readonly stateHash: string | undefined };
}

declare global {
  var memberPage: PageApi;
}
