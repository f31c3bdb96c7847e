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
  KvGet,
  KvLease,
  KvOperation,
  KvOperationResult,
  KvPair,
  KvPut,
  KvRange,
  KvResult,
  KvSelection,
} from '../src/index.ts';

type State = readonly KvPair[];

/** One change of one key. */
export interface ModelChange {
  readonly revision: number;
  readonly position: number;
  readonly key: string;
  /** Undefined: it was deleted. */
  readonly pair: KvPair | undefined;
  readonly previous: KvPair | undefined;
}

/** Bytes of what one revision changed that only the history needs; see `versionOverheadBytes`. */
interface Revision {
  readonly state: State;
  readonly historyBytes: number;
}

export class Model {
  /** All there ever were. */
  readonly changes: ModelChange[] = [];
  /** Revision r is at r - 1. */
  readonly #revisions: Revision[] = [{ state: [], historyBytes: 0 }];
  #compactRevision = 1;
  #retainRevisions = 10_000;
  #retainBytes = 256 * 1024 * 1024;
  /** The time of the log, which the test moves. */
  time = 1_000_000;
  /** The time of the last command. */
  #clock = 0;
  #leases: readonly ModelLease[] = [];
  #nextLease = 1;

  get revision(): number {
    return this.#revisions.length;
  }

  get compactRevision(): number {
    return this.#compactRevision;
  }

  get state(): State {
    return this.#at(this.revision);
  }

  get leases(): readonly KvLease[] {
    return this.#leases.map(({ lease, ttlMs, expiresAt }) => ({
      lease,
      ttlMs,
      remainingMs: Math.max(expiresAt - this.#clock, 0),
      keyCount: this.keysOf(lease).length,
    }));
  }

  keysOf(lease: number): readonly string[] {
    return this.state.filter((pair) => pair.lease === lease).map(({ key }) => key);
  }

  expire(): void {
    for (const { lease, expiresAt } of [...this.#leases].sort(
      (left, right) => left.expiresAt - right.expiresAt || left.lease - right.lease,
    )) {
      if (expiresAt > this.time) continue;
      this.#clock = this.time;
      this.#revoke(lease);
    }
  }

  renew(): void {
    this.#leases = this.#leases.map((lease) => ({
      ...lease,
      expiresAt: this.time + lease.ttlMs,
    }));
    this.#clock = this.time;
  }

  apply(command: KvCommand): KvResult {
    const result = this.#apply(command);
    this.#clock = this.time;
    return result;
  }

  #apply(command: KvCommand): KvResult {
    switch (command.type) {
      case 'put':
      case 'delete': {
        if (command.type === 'put') this.#requireLeases([command]);
        const work = new Work(this.state, this.revision);
        const result = command.type === 'put' ? work.put(command) : work.delete(command);
        this.#commit(work);
        return result;
      }
      case 'txn': {
        for (const branch of [command.then, command.else]) rejectOverlaps(branch);
        const succeeded = command.compare.every((compare) => holds(this.state, compare));
        this.#requireLeases(succeeded ? command.then : command.else);
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
      case 'lease-grant': {
        const { ttlMs } = command;
        if (ttlMs < 100 || this.#has(command.lease)) throw new CommandRejectedError('no lease');
        const lease = command.lease === 0 ? this.#freeLease() : command.lease;
        this.#leases = [...this.#leases, { lease, ttlMs, expiresAt: this.time + ttlMs }].sort(
          (left, right) => left.lease - right.lease,
        );
        return { type: 'lease-grant', lease, ttlMs };
      }
      case 'lease-keep-alive': {
        const { lease } = command;
        if (lease === 0) throw new CommandRejectedError('no number');
        const renewed = this.#leases.find((other) => other.lease === lease);
        this.#leases = this.#leases.map((other) =>
          other === renewed ? { ...renewed, expiresAt: this.time + renewed.ttlMs } : other,
        );
        const found = renewed !== undefined;
        return { type: 'lease-keep-alive', lease, found, ttlMs: renewed?.ttlMs ?? 0 };
      }
      case 'lease-revoke':
        if (command.lease === 0) throw new CommandRejectedError('no number');
        return this.#revoke(command.lease);
    }
  }

  #freeLease(): number {
    const free = this.#has(this.#nextLease) ? undefined : this.#nextLease;
    this.#nextLease += 1;
    return free ?? this.#freeLease();
  }

  #has(lease: number): boolean {
    return this.#leases.some((other) => other.lease === lease);
  }

  #requireLeases(operations: readonly KvOperation[]): void {
    for (const operation of operations) {
      if (operation.type === 'put' && operation.lease !== 0 && !this.#has(operation.lease)) {
        throw new CommandRejectedError('no such lease');
      }
    }
  }

  #revoke(lease: number): KvResult {
    const found = this.#has(lease);
    const keys = found ? this.keysOf(lease) : [];
    this.#leases = this.#leases.filter((other) => other.lease !== lease);
    const work = new Work(this.state, this.revision);
    for (const key of keys) {
      work.delete({ type: 'delete', selection: { type: 'key', key }, previous: false });
    }
    this.#commit(work);
    const { revision } = work;
    return { type: 'lease-revoke', lease, found, revision, deleted: keys.length };
  }

  query(query: KvGet | KvRange): KvAnswer {
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
    this.changes.push(...work.changes);
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

interface ModelLease {
  readonly lease: number;
  readonly ttlMs: number;
  readonly expiresAt: number;
}

/** One command at work on a state. */
class Work {
  state: State;
  changed = false;
  historyBytes = 0;
  readonly changes: ModelChange[] = [];
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

  put({
    key,
    value,
    previous: wanted,
    lease,
  }: KvPut): KvOperationResult & { readonly type: 'put' } {
    const previous = this.state.find((pair) => pair.key === key);
    this.changed = true;
    const { revision } = this;
    const pair: KvPair = {
      key,
      value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      ...(lease === 0 ? {} : { lease }),
    };
    this.state = sorted([...this.state.filter((other) => other.key !== key), pair]);
    this.historyBytes += 128 + (previous === undefined ? 0 : bytesOf(previous));
    this.#record(key, pair, previous);
    return wanted && previous !== undefined
      ? { type: 'put', revision, previous }
      : { type: 'put', revision };
  }

  delete({ selection, previous }: KvDelete): KvOperationResult & { readonly type: 'delete' } {
    const gone = this.state.filter(({ key }) => selects(selection, key));
    if (gone.length > 0) this.changed = true;
    this.state = this.state.filter(({ key }) => !selects(selection, key));
    for (const pair of gone) {
      this.historyBytes += 128 + utf8(pair.key).length + bytesOf(pair);
      this.#record(pair.key, undefined, pair);
    }
    return {
      type: 'delete',
      revision: this.revision,
      deleted: gone.length,
      previous: previous ? gone : [],
    };
  }

  #record(key: string, pair: KvPair | undefined, previous: KvPair | undefined): void {
    const position = this.changes.length;
    this.changes.push({ revision: this.revision, position, key, pair, previous });
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

export function selects(selection: KvSelection, key: string): boolean {
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
