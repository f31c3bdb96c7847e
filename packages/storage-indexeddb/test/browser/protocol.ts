/** What the test and the page that it drives say to each other. */

/** What became of one test of the suite. */
export interface SuiteResult {
  readonly name: string;
  /** What went wrong; `undefined`: it passed. */
  readonly failure: string | undefined;
}

/** What a page found when it opened its storage, or the code of the error. */
export type OpenOutcome =
  | {
      readonly records: { readonly first: number; readonly last: number } | undefined;
      readonly snapshot: number | undefined;
      readonly abilities: { readonly strictDurability: boolean; readonly webLocks: boolean };
    }
  | { readonly code: string };

/** What a page does when it is told to. It has one storage at a time. */
export interface PageApi {
  /** Runs the suite in a worker of the page. */
  runSuite(): Promise<readonly SuiteResult[]>;
  open(name: string, locks?: 'none'): Promise<OpenOutcome>;
  /** Opens a storage in a worker, and leaves it open. */
  openInWorker(name: string): Promise<OpenOutcome>;
  /** Writes the next so many records, each in a write of its own. @returns the last index, or a code. */
  append(count: number): Promise<number | string>;
  /** Appends for ever, and says every index once it is acknowledged, with {@link acknowledged}. */
  appendForEver(): void;
  /** Publishes a snapshot of so many bytes. */
  publish(bytes: number): Promise<void>;
  /** Reads everything. @returns the indexes of the records, and the bytes of the current snapshot. */
  readAll(): Promise<{ readonly indexes: readonly number[]; readonly snapshotBytes: number }>;
  /** Whether a new page would find this page's storage lost. @returns the code of a read. */
  read(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** How a line on the console begins that acknowledges an index. */
export const acknowledged = 'acknowledged ';

declare global {
  var storagePage: PageApi;
}
