/** What the test, the page that it drives and the worker of that page say to each other. */

export type AlgorithmName = 'raft' | 'paxos';

/** What a node says of itself. */
export interface NodePicture {
  readonly leader: string | undefined;
  readonly appliedIndex: number;
  readonly stateHash: string;
}

/** What a tab does when it is told to; its node runs in a worker. */
export interface TabApi {
  /** Starts the tab's one node on its own database. @returns the code of the error, if there is one. */
  start(algorithm: AlgorithmName, node: string): Promise<string | undefined>;
  /** Adds one to the counter, so many times. @returns what it held after each. */
  add(count: number): Promise<readonly number[]>;
  /** What the counter holds, for sure. */
  read(): Promise<number>;
  picture(): Promise<NodePicture>;
  close(): Promise<void>;
}

/** Asks a worker for one of these. */
export interface Request {
  readonly id: number;
  readonly method: keyof TabApi;
  readonly args: readonly unknown[];
}

/** What became of it. */
export type Response =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

declare global {
  var nodeTab: TabApi;
}
