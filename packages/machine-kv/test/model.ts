/**
 * The reference: every revision is a whole map of its own, in an array, and nothing is clever. What it
 * says about a command or query is what the machine has to say.
 */
import { CommandRejectedError, compareBytes, utf8 } from '@quorate/core';
import type {
  KvAnswer,
  KvCommand,
  KvCompare,
  KvDelete,
  KvOperation,
  KvOperationResult,
  KvPair,
  KvPut,
  KvQuery,
  KvRange,
  KvResult,
  KvSelection,
} from '../src/index.ts';

type State = readonly KvPair[];

/** Bytes of what one revision changed that only the history needs; see `versionOverheadBytes`. */
interface Revision {
  readonly state: State;
  readonly historyBytes: number;
}

export class Model {
  /** Revision r is at r - 1. */
  readonly #revisions: Revision[] = [{ state: [], historyBytes: 0 }];
  #compactRevision = 1;
  #retainRevisions = 10_000;
  #retainBytes = 256 * 1024 * 1024;

  get revision(): number {
    return this.#revisions.length;
  }

  get compactRevision(): number {
    return this.#compactRevision;
  }

  get state(): State {
    return this.#at(this.revision);
  }

  apply(command: KvCommand): KvResult {
    switch (command.type) {
      case 'put':
      case 'delete': {
        const work = new Work(this.state, this.revision);
        const result = command.type === 'put' ? work.put(command) : work.delete(command);
        this.#commit(work);
        return result;
      }
      case 'txn': {
        for (const branch of [command.then, command.else]) rejectOverlaps(branch);
        const succeeded = command.compare.every((compare) => holds(this.state, compare));
        const work = new Work(this.state, this.revision);
        const results = (succeeded ? command.then : command.else).map((operation) =>
          work.do(operation),
        );
        this.#commit(work);
        return { type: 'txn', revision: work.revision, succeeded, results };
      }
      case 'compact':
        if (command.revision <= this.#compactRevision || command.revision > this.revision) {
          throw new CommandRejectedError('no such history');
        }
        this.#compactRevision = command.revision;
        return { type: 'compact', revision: this.revision, compactRevision: command.revision };
      case 'retain':
        this.#retainRevisions = command.revisions;
        this.#retainBytes = command.bytes;
        this.#trim();
        return {
          type: 'retain',
          revision: this.revision,
          compactRevision: this.#compactRevision,
        };
    }
  }

  query(query: Exclude<KvQuery, { readonly type: 'info' }>): KvAnswer {
    const { revision } = query;
    if (revision > this.revision) {
      return { type: 'future', revision, currentRevision: this.revision };
    }
    if (revision !== 0 && revision < this.#compactRevision) {
      return { type: 'compacted', revision, compactRevision: this.#compactRevision };
    }
    const at = revision === 0 ? this.revision : revision;
    return new Work(this.#at(at), at).read(query);
  }

  #at(revision: number): State {
    return this.#revisions[revision - 1]?.state ?? [];
  }

  #commit(work: Work): void {
    if (!work.changed) return;
    this.#revisions.push({ state: work.state, historyBytes: work.historyBytes });
    this.#trim();
  }

  #trim(): void {
    const history = (): number =>
      this.#revisions
        .slice(this.#compactRevision)
        .reduce((sum, { historyBytes }) => sum + historyBytes, 0);
    while (
      this.#compactRevision < this.revision &&
      (this.revision - this.#compactRevision > this.#retainRevisions ||
        history() > this.#retainBytes)
    ) {
      this.#compactRevision += 1;
    }
  }
}

/** One command at work on a state. */
class Work {
  state: State;
  changed = false;
  historyBytes = 0;
  readonly #before: number;

  constructor(state: State, revision: number) {
    this.state = state;
    this.#before = revision;
  }

  get revision(): number {
    return this.#before + (this.changed ? 1 : 0);
  }

  do(operation: KvOperation): KvOperationResult {
    switch (operation.type) {
      case 'put':
        return this.put(operation);
      case 'delete':
        return this.delete(operation);
      case 'get':
      case 'range':
        return this.read(operation);
    }
  }

  put({ key, value, previous: wanted }: KvPut): KvOperationResult & { readonly type: 'put' } {
    const previous = this.state.find((pair) => pair.key === key);
    this.changed = true;
    const { revision } = this;
    const pair: KvPair = {
      key,
      value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
    };
    this.state = sorted([...this.state.filter((other) => other.key !== key), pair]);
    this.historyBytes += 128 + (previous === undefined ? 0 : bytesOf(previous));
    return wanted && previous !== undefined
      ? { type: 'put', revision, previous }
      : { type: 'put', revision };
  }

  delete({ selection, previous }: KvDelete): KvOperationResult & { readonly type: 'delete' } {
    const gone = this.state.filter(({ key }) => selects(selection, key));
    if (gone.length > 0) this.changed = true;
    this.state = this.state.filter(({ key }) => !selects(selection, key));
    for (const pair of gone) this.historyBytes += 128 + utf8(pair.key).length + bytesOf(pair);
    return {
      type: 'delete',
      revision: this.revision,
      deleted: gone.length,
      previous: previous ? gone : [],
    };
  }

  read(query: Exclude<KvOperation, KvPut | KvDelete>): KvOperationResult & KvAnswer {
    const { revision } = this;
    if (query.type === 'range') return this.#range(query);
    const pair = this.state.find(({ key }) => key === query.key);
    return pair === undefined ? { type: 'get', revision } : { type: 'get', revision, pair };
  }

  #range(query: KvRange): KvOperationResult & { readonly type: 'range' } {
    const found = this.state.filter(({ key }) => selects(query.selection, key));
    if (query.reverse) found.reverse();
    const pairs = found
      .slice(0, query.limit)
      .map((pair) => (query.keysOnly ? { ...pair, value: new Uint8Array(0) } : pair));
    const more = found.length > query.limit;
    const answer = { type: 'range', revision: this.revision, pairs, more } as const;
    return query.count ? { ...answer, count: found.length } : answer;
  }
}

function rejectOverlaps(operations: readonly KvOperation[]): void {
  const puts = operations.filter((operation) => operation.type === 'put');
  const keys = puts.map(({ key }) => key);
  if (new Set(keys).size < keys.length) throw new CommandRejectedError('a key put twice');
  for (const operation of operations) {
    if (operation.type !== 'delete') continue;
    if (keys.some((key) => selects(operation.selection, key))) {
      throw new CommandRejectedError('a key put and deleted');
    }
  }
}

function holds(state: State, compare: KvCompare): boolean {
  const pair = state.find(({ key }) => key === compare.key);
  if (compare.target === 'value') {
    if (pair === undefined) return false;
    return relation(compareBytes(pair.value, compare.value)).includes(compare.operator);
  }
  return relation((pair?.[compare.target] ?? 0) - compare.value).includes(compare.operator);
}

function relation(difference: number): readonly string[] {
  if (difference === 0) return ['='];
  return ['!=', difference < 0 ? '<' : '>'];
}

function selects(selection: KvSelection, key: string): boolean {
  const bytes = utf8(key);
  switch (selection.type) {
    case 'key':
      return key === selection.key;
    case 'prefix': {
      const prefix = utf8(selection.prefix);
      return compareBytes(bytes.subarray(0, prefix.length), prefix) === 0;
    }
    case 'range':
      return (
        compareBytes(bytes, utf8(selection.from)) >= 0 &&
        (selection.to === '' || compareBytes(bytes, utf8(selection.to)) < 0)
      );
  }
}

function sorted(pairs: readonly KvPair[]): State {
  return [...pairs].sort((left, right) => compareBytes(utf8(left.key), utf8(right.key)));
}

function bytesOf({ key, value }: KvPair): number {
  return utf8(key).length + value.length;
}
