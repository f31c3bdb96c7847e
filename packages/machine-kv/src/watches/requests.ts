/**
 * What can be watched, and what happens to it; and how to ask.
 */
import type { KvKeys, KvSelection } from '../commands.ts';
import type { KvPair } from '../results.ts';

/** Asks for the changes of some keys, from a revision on and for as long as it is wanted. */
export interface KvWatch {
  readonly type: 'watch';
  readonly selection: KvSelection;
  /** The first revision whose changes are wanted; 0: the next one. One that is not there yet is waited for. */
  readonly revision: number;
  /** How many changes of that revision to pass over, of whatever keys. */
  readonly position: number;
  /** Whether puts are wanted. */
  readonly puts: boolean;
  /** Whether deletions are wanted, those at the end of a lease too. */
  readonly deletes: boolean;
  /** Whether events hold the pair that was there before. */
  readonly previous: boolean;
}

/** A key was put. */
export interface KvPutEvent {
  readonly type: 'put';
  readonly revision: number;
  /** Which change of its revision it is, from 0. */
  readonly position: number;
  readonly pair: KvPair;
  /** What was there before, if asked for and if something was. */
  readonly previous?: KvPair;
}

/** A key was deleted, or the lease that it hung on ended. */
export interface KvDeleteEvent {
  readonly type: 'delete';
  readonly revision: number;
  /** Which change of its revision it is, from 0. */
  readonly position: number;
  readonly key: string;
  /** What was there before, if asked for. */
  readonly previous?: KvPair;
}

/** Something that happened to a key that is watched. */
export type KvEvent = KvPutEvent | KvDeleteEvent;

/** Options of a watch. */
export interface KvWatchOptions {
  /** First revision. @default the next one */
  readonly revision?: number;
  /** How many changes of that revision to pass over. @default 0 */
  readonly position?: number;
  /** Whether puts are wanted. @default true */
  readonly puts?: boolean;
  /** Whether deletions are wanted. @default true */
  readonly deletes?: boolean;
  /** Whether events hold the pair that was there before. @default false */
  readonly previous?: boolean;
}

/** Writes a request, given the keys that are meant. */
export function watchOf(selection: KvSelection, options: KvWatchOptions | undefined): KvWatch {
  return {
    type: 'watch',
    selection,
    revision: options?.revision ?? 0,
    position: options?.position ?? 0,
    puts: options?.puts ?? true,
    deletes: options?.deletes ?? true,
    previous: options?.previous ?? false,
  };
}

/** How to write a request. */
export type KvWatchLanguage = (keys: KvKeys, options?: KvWatchOptions) => KvWatch;
