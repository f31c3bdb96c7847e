import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import * as imported from '../src/quick-imports.js';

/** What V8 has to say of an object. There is no other way to see that it has a shape. */
const hasShape = (() => {
  setFlagsFromString('--allow-natives-syntax');
  // Compiled with that option, unlike this file.
  const script = new Script('(object) => %HasFastProperties(object)');
  const look: unknown = script.runInThisContext();
  return look as (object: object) => boolean;
})();

function lookedUp(): object {
  const exports = Object.create(null) as object;
  for (let at = 0; at < 50; at += 1) {
    Object.defineProperty(exports, `name${String(at)}`, { get: () => at, enumerable: true });
  }
  return exports;
}

test('an object with getters has a shape once it was given one, and is the same for everybody', () => {
  const exports = lookedUp();
  const before = Object.entries(exports);
  expect(hasShape(exports)).toBe(false);
  imported.giveShape(exports);
  expect(hasShape(exports)).toBe(true);
  expect(Object.entries(exports)).toEqual(before);
});

test('what tests import has one', () => {
  expect(hasShape(imported)).toBe(true);
});
