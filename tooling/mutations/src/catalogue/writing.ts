/** Short ways to write the catalogue. */
import type { Edit, Suite } from '../mutation.ts';

/**
 * @param place package and file, such as `raft/commit`.
 * @param find stands in the file exactly once.
 */
export function edit(place: string, find: string, replace: string): Edit {
  const [folder = '', ...file] = place.split('/');
  return { file: `packages/${folder}/src/${file.join('/')}.ts`, find, replace };
}

/**
 * @param folder the package whose tests have to notice.
 * @param names of its test files.
 * @param only a regular expression over the titles.
 */
export function suite(folder: string, names: readonly string[], only?: string): Suite {
  const files = names.map((name) => `packages/${folder}/test/${name}.test.ts`);
  return only === undefined ? { files } : { files, only };
}

/** Tests of several packages. */
export function together(left: Suite, right: Suite, only: string): Suite {
  return { files: [...left.files, ...right.files], only };
}
