/**
 * Makes what a module exports quick to reach in tests.
 *
 * Vitest turns each use of an import into a look at an object that has a getter for each export. That object is one
 * that V8 keeps as a hash table: each look searches it, and calls a getter that cannot be compiled into its caller.
 * For tests that compute for a minute this is a twentieth to a fifth of all they do. Once an object is a prototype
 * V8 gives it a shape, and its getters a place in the code that calls them: that is all that is done here. No test
 * can tell.
 */

/** @returns {import('vitest/config').Plugin} */
export function quickImports() {
  return {
    name: 'quick-imports',
    // What is added is no TypeScript, and nothing may be put behind it.
    enforce: 'post',
    transform(code, id) {
      return isModule(id)
        ? // At its end all exports are known. No line moves: the source map holds.
          { code: `${code}\n;(${giveShape.toString()})(__vite_ssr_exports__);`, map: null }
        : undefined;
    },
  };
}

/** @param {string} id */
function isModule(id) {
  const [path = ''] = id.split('?');
  return /\.[jt]s$/.test(path);
}

/**
 * Its source is put into modules: it knows nothing from outside.
 *
 * @param {object} exports
 * @returns {unknown} nothing: no look is left out, because one might find something
 */
export function giveShape(exports) {
  function Heir() {}
  Heir.prototype = exports;
  /** @type {{ absent?: unknown }} */
  const heir = Reflect.construct(Heir, []);
  // A prototype is given its shape when properties are looked for through it, again and again.
  let found;
  for (let look = 0; look < 100; look += 1) found = heir.absent;
  return found;
}
