/** The catalogue fits the sources as they are, and leaves out no known pitfall. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue, notApplicable } from '../src/catalogue.ts';
import { root } from '../src/root.ts';
import { flawOf } from '../src/runner.ts';

describe('every mutation', () => {
  it.each(catalogue)('$id changes the sources where it says, and leaves a program', (mutation) => {
    expect(mutation.edits.length).toBeGreaterThan(0);
    expect(flawOf(mutation)).toBeUndefined();
  });

  it.each(catalogue)('$id names tests that are there', ({ suite }) => {
    expect(suite.files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(suite.files.length).toBeGreaterThan(0);
  });

  it('has a name of its own, and a bug of its own', () => {
    const ids = catalogue.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const bugs = catalogue.map(({ edits }) => JSON.stringify(edits));
    expect(bugs).toEqual([...new Set(bugs)]);
  });
});

describe('the catalogue', () => {
  it('has a mutation for every known pitfall, or says why not', () => {
    const numbers = [
      ...Array.from({ length: 30 }, (_, at) => `R${String(at + 1)}`),
      ...Array.from({ length: 24 }, (_, at) => `P${String(at + 1)}`),
      ...Array.from({ length: 12 }, (_, at) => `S${String(at + 1)}`),
    ];
    const missing = numbers.filter(
      (number) =>
        (notApplicable[number] ?? '') === '' &&
        !catalogue.some(({ id }) => id.replace(/[a-z]$/, '') === number),
    );
    expect(missing).toEqual([]);
  });

  it('has at least 25 more', () => {
    expect(catalogue.filter(({ id }) => id.includes('-')).length).toBeGreaterThanOrEqual(25);
  });
});
