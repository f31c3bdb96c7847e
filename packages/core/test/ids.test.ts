import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../src/errors.ts';
import { checkName, isName, maxNameLength } from '../src/ids.ts';

describe('a name', () => {
  it.each(['a', '1', 'node-1', 'eu.west_2', 'A'.repeat(maxNameLength), '...', '.hidden', '-'])(
    'may be %j',
    (name) => {
      expect(isName(name)).toBe(true);
      expect(checkName(name, 'a node id')).toBe(name);
    },
  );

  it.each([
    ['nothing', ''],
    ['too long', 'a'.repeat(maxNameLength + 1)],
    ['a space', 'a b'],
    ['a slash', 'a/b'],
    ['a line end', 'a\n'],
    ['a letter outside of ASCII', 'é'],
    ['a character of two UTF-16 units', '😀'],
    ['this folder', '.'],
    ['the folder above', '..'],
  ])('may not be or hold %s', (_, name) => {
    expect(isName(name)).toBe(false);
    expect(() => checkName(name, 'a node id')).toThrow(InvalidArgumentError);
  });

  it('is shown in the complaint with what it was for, shortened', () => {
    expect(() => checkName('a b', 'the cluster')).toThrow(/^the cluster must be .* got "a b"$/);
    expect(() => checkName('x'.repeat(10_000), 'a node id')).toThrow(/got "x{80}"$/);
  });
});
