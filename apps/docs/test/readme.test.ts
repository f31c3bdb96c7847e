/** The table of packages in the README at the root is the folder `packages`. */
import { describe, expect, it } from 'vitest';
import { packages } from '../../../tooling/eslint-config/src/floors.js';
import { packageFolders, read } from './repository.ts';

/** `| [name](packages/name) | floor | …`. */
const row = /^\|\s*\[`?([\w-]+)`?\]\(packages\/([\w-]+)(?:\/README\.md)?\)\s*\|\s*([\d.]+)\s*\|/gm;

const rows = [...read('README.md').matchAll(row)].map(([, name, folder, floor]) => ({
  name,
  folder,
  floor: Number(floor),
}));

describe('the table of packages', () => {
  it('has every folder of packages once, under its own name', () => {
    expect(rows.map(({ folder }) => folder).sort()).toEqual(packageFolders());
    expect(rows.map(({ name }) => name)).toEqual(rows.map(({ folder }) => folder));
  });

  it.each(rows)('says the floor of $name that lint enforces', ({ folder, floor }) => {
    expect(packages[folder ?? '']?.floor).toBe(floor);
  });

  it('goes from the ground up', () => {
    const floors = rows.map(({ floor }) => floor);
    expect(floors).toEqual([...floors].sort((left, right) => left - right));
  });
});
