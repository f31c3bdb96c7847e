/**
 * Checks an export, trusting nothing but, at most, a head or a root that was published before.
 */
import { equalBytes, InvalidArgumentError, MalformedError } from '@quorate/core';
import {
  exportFormat,
  type ExportHeader,
  headerLine,
  maxLineLength,
  recordLine,
} from './export.ts';
import { emptyHead, fromHex, hashBytes, hex, leafHash, linkHash } from './hashing.ts';
import { Ledger } from './ledger.ts';
import { MerkleTree } from './merkle.ts';
import { maxRecordBytes } from './record.ts';

export interface VerifyOptions {
  /**
   * What is known of the ledger from elsewhere: whoever rewrites all of an export rewrites its first
   * line too, and only this tells. 32 bytes each.
   *
   * @default what the first line says
   */
  readonly published?: {
    readonly length: number;
    readonly head?: Uint8Array;
    readonly root?: Uint8Array;
  };
  /**
   * Whether to do all events again by the rules of the ledger, which finds records that were hashed
   * properly and should never have been allowed. Takes the memory that the ledger takes; without it
   * the check takes almost none.
   *
   * @default true
   */
  readonly replay?: boolean;
}

/** What an export was found to be. */
export type Verification =
  | {
      readonly type: 'sound';
      readonly length: number;
      readonly head: Uint8Array;
      readonly root: Uint8Array;
    }
  /**
   * `sequence`: the first record that does not fit; its line is the one with this number plus 2, counted
   * from 1. `undefined`: the first line, or the whole against what was published.
   */
  | { readonly type: 'unsound'; readonly sequence: number | undefined; readonly problem: string };

/**
 * Reads an export line by line, as `exportLedger` writes them (without line ends), and finds any change,
 * removal, addition or reordering. Whatever comes is an answer; only `lines` itself can make it throw.
 *
 * @throws InvalidArgumentError if what was published can be that of no ledger: nothing would ever be compared
 * with it.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
): Promise<Verification> {
  const verifier = new Verifier(options);
  for await (const line of lines) {
    const problem = verifier.line(line);
    if (problem !== undefined) return problem;
  }
  return verifier.finish();
}

type Unsound = Extract<Verification, { readonly type: 'unsound' }>;

class Verifier {
  readonly #published: VerifyOptions['published'];
  readonly #ledger: Ledger | undefined;
  // Its root comes from its right edge: it never asks for a leaf again.
  readonly #tree = new MerkleTree(() => emptyHead);
  #header: ExportHeader | undefined;
  #head = emptyHead;

  constructor({ published, replay = true }: VerifyOptions) {
    if (published !== undefined) checkPublished(published);
    this.#published = published;
    this.#ledger = replay ? new Ledger() : undefined;
  }

  /** Takes in the next line. Says what does not fit, if something does not. */
  line(line: string): Unsound | undefined {
    return this.#header === undefined ? this.#first(line) : this.#record(line, this.#header);
  }

  finish(): Verification {
    const header = this.#header;
    if (header === undefined) return unsound(undefined, 'it has no first line');
    const { length } = this.#tree;
    if (length < header.length) {
      return unsound(length, `it is missing: the first line speaks of ${String(header.length)}`);
    }
    const root = this.#tree.root();
    if (header.head !== hex(this.#head) || header.root !== hex(root)) {
      return unsound(
        undefined,
        'the records lead to another head or root than the first line says',
      );
    }
    return { type: 'sound', length, head: this.#head, root };
  }

  #first(line: string): Unsound | undefined {
    const header = parseHeader(line);
    if (header === undefined) {
      return unsound(undefined, 'its first line is not that of an export this version reads');
    }
    const published = this.#published;
    if (published !== undefined && header.length < published.length) {
      return unsound(
        header.length,
        `it is missing: a ledger of ${String(published.length)} events was published`,
      );
    }
    this.#header = header;
    return this.#againstPublished();
  }

  #record(line: string, header: ExportHeader): Unsound | undefined {
    const sequence = this.#tree.length;
    if (sequence >= header.length) {
      return unsound(
        sequence,
        `it is one too many: the first line speaks of ${String(header.length)}`,
      );
    }
    const found = parseRecord(line);
    if (found === undefined) return unsound(sequence, 'its line is none of an export');
    const leaf = leafHash(found.record);
    const head = linkHash(this.#head, leaf);
    if (found.hash !== hex(head)) {
      return unsound(sequence, 'its hash does not follow from it and the records before it');
    }
    if (line !== textOf(sequence, found)) {
      return unsound(sequence, 'its line is not the one that is written for its record');
    }
    const problem = this.#ledger?.replay(found.record);
    if (problem !== undefined) return unsound(sequence, problem);
    this.#head = head;
    this.#tree.append(leaf);
    return this.#againstPublished();
  }

  #againstPublished(): Unsound | undefined {
    const published = this.#published;
    if (published === undefined || published.length !== this.#tree.length) return undefined;
    const { head, root } = published;
    const fits =
      (head === undefined || equalBytes(head, this.#head)) &&
      (root === undefined || equalBytes(root, this.#tree.root()));
    return fits
      ? undefined
      : unsound(
          undefined,
          `its first ${String(published.length)} records are not those whose head or root was published`,
        );
  }
}

interface FoundRecord {
  readonly hash: string;
  readonly record: Uint8Array;
}

function checkPublished({ length, head, root }: NonNullable<VerifyOptions['published']>): void {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new InvalidArgumentError(
      `a published length is an integer from 0, not ${String(length)}; take it from a status`,
    );
  }
  for (const hash of [head, root]) {
    if (hash === undefined || hash.length === hashBytes) continue;
    throw new InvalidArgumentError(
      `a published head or root has ${String(hashBytes)} bytes, not ${String(hash.length)}; take it from a status`,
    );
  }
}

function unsound(sequence: number | undefined, problem: string): Unsound {
  return { type: 'unsound', sequence, problem };
}

function parseHeader(line: string): ExportHeader | undefined {
  const found = parse(line);
  if (found === undefined) return undefined;
  const { format, length, head, root } = found;
  if (format !== exportFormat || !Number.isSafeInteger(length)) return undefined;
  if (typeof length !== 'number' || length < 0) return undefined;
  if (typeof head !== 'string' || fromHex(head)?.length !== hashBytes) return undefined;
  if (typeof root !== 'string' || fromHex(root)?.length !== hashBytes) return undefined;
  const header = { length, head, root };
  return line === headerLine(header) ? header : undefined;
}

function parseRecord(line: string): FoundRecord | undefined {
  const found = parse(line);
  if (typeof found?.['hash'] !== 'string' || typeof found['record'] !== 'string') return undefined;
  const record = fromHex(found['record']);
  if (record === undefined || record.length > maxRecordBytes) return undefined;
  return { hash: found['hash'], record };
}

function parse(line: string): Record<string, unknown> | undefined {
  if (line.length > maxLineLength) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** The line of a record; `undefined` if it is none. */
function textOf(sequence: number, { hash, record }: FoundRecord): string | undefined {
  try {
    return recordLine(sequence, hash, record);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
