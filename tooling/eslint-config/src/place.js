/**
 * Where a file stands in the repository.
 *
 * @typedef {object} Place
 * @property {'packages' | 'apps' | 'tooling'} house
 * @property {string} folder the name under the house: `raft`
 * @property {string} room   the first folder inside: `src`, `test`
 */

/**
 * @param {string} filename absolute or relative, with either kind of slash
 * @returns {Place | undefined} undefined for a file outside the three houses
 */
export function placeOf(filename) {
  const match = /^(?:.*\/)?(packages|apps|tooling)\/([^/]+)(?:\/([^/]+))?/.exec(
    filename.replaceAll('\\', '/'),
  );
  if (match === null) {
    return undefined;
  }
  const [, house, folder, room = ''] = match;
  return /** @type {Place} */ ({ house, folder, room });
}
