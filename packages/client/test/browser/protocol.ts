/** What the test and the page that it drives say to each other. */

/** Where the page's client finds its members. */
export interface Connecting {
  readonly endpoints: readonly string[];
  readonly token?: string;
}

/** What came of everything that a page has put. */
export interface PutOutcome {
  /** The version of the key after each put, in the order in which they were called. */
  readonly versions: readonly number[];
  /** Those that the watch has told, in order, each with its own value. */
  readonly watched: readonly number[];
  /** The version of the key in the end. */
  readonly version: number;
  /** The members that the client was connected with, in order. */
  readonly nodes: readonly string[];
}

/** What a page does when it is told to. It has one client at a time. */
export interface PageApi {
  connect(options: Connecting): void;
  /** Puts one key again and again, a few at a time, and watches it meanwhile, until `finish`. */
  putAlways(): Promise<PutOutcome>;
  finish(): void;
  /** Puts that have their results so far. */
  done(): number;
  /** Why the client has no connection, if it has none. */
  trouble(): string | undefined;
  /** Puts once, with this much patience. @returns `done`, or what the error says. */
  put(timeoutMs: number): Promise<string>;
  close(): Promise<void>;
}

declare global {
  var clientPage: PageApi;
}
