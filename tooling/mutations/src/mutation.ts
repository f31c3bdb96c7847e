/** A mutation: a known bug, as a change of the sources that somebody could have made by mistake. */

/** A place in the sources, and what is to stand there instead. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** The tests that have to notice. */
export interface Suite {
  /** Test files, from the root of the repository. */
  readonly files: readonly string[];
  /** A regular expression over the titles, to be quick; all tests of the files where absent. */
  readonly only?: string;
}

/** A part of the repository that bugs are planted into. */
export type Area = 'raft' | 'paxos' | 'driver' | 'replica' | 'client' | 'storage';

/** One bug. */
export interface Mutation {
  /** A line of the list of known pitfalls (`R4`), or a name of its own (`raft-1`). */
  readonly id: string;
  readonly area: Area;
  /** The bug, in a few words. */
  readonly title: string;
  readonly edits: readonly Edit[];
  readonly suite: Suite;
}

/** An edit does not fit the sources. */
export class PlantingError extends Error {}

/**
 * The text of a file with the edits in it.
 *
 * @throws PlantingError if what an edit looks for does not stand there exactly once, or is not changed.
 */
export function plant(file: string, text: string, edits: readonly Edit[]): string {
  let planted = text;
  for (const { file: target, find, replace } of edits) {
    if (target !== file) continue;
    const at = planted.indexOf(find);
    if (find === '' || at < 0) throw new PlantingError(`${file} does not contain\n${find}`);
    if (planted.includes(find, at + 1)) {
      throw new PlantingError(`${file} contains more than once\n${find}`);
    }
    if (find === replace) throw new PlantingError(`${file}: nothing changes in\n${find}`);
    planted = planted.slice(0, at) + replace + planted.slice(at + find.length);
  }
  return planted;
}

/** The files that a mutation changes. */
export function filesOf({ edits }: Pick<Mutation, 'edits'>): readonly string[] {
  return [...new Set(edits.map(({ file }) => file))];
}
