/** Planting is exact, or it is an error. */
import { describe, expect, it } from 'vitest';
import { type Edit, filesOf, plant, PlantingError } from '../src/mutation.ts';
import { editsOfEnvironment, editsVariable, plantingPlugin } from '../src/planting.ts';
import { root } from '../src/root.ts';
import { bugs } from './fixture/bugs.ts';

const text = 'one two three two';

function edit(find: string, replace: string, file = 'a.ts'): Edit {
  return { file, find, replace };
}

describe('planting', () => {
  it('replaces what it finds, in that file alone', () => {
    expect(plant('a.ts', text, [edit('one', '1'), edit('three', '3')])).toBe('1 two 3 two');
    expect(plant('a.ts', text, [edit('one', '1', 'b.ts')])).toBe(text);
  });

  it('takes a replacement as it stands', () => {
    expect(plant('a.ts', text, [edit('one', '$& $1')])).toBe('$& $1 two three two');
  });

  it.each([
    ['is not there', edit('four', '4'), 'does not contain'],
    ['is there twice', edit('two', '2'), 'more than once'],
    ['is there twice, one over the other', edit('tt', 't'), 'more than once'],
    ['would not change', edit('one', 'one'), 'nothing changes'],
    ['is nothing', edit('', 'x'), 'does not contain'],
  ])('refuses what %s', (_title, wrong, message) => {
    const planting = (): string => plant('a.ts', `${text} ttt`, [wrong]);
    expect(planting).toThrow(PlantingError);
    expect(planting).toThrow(message);
  });

  it('knows the files of a mutation, each once', () => {
    expect(filesOf({ edits: [edit('a', 'b'), edit('c', 'd'), edit('e', 'f', 'b.ts')] })).toEqual([
      'a.ts',
      'b.ts',
    ]);
  });
});

describe('the plugin', () => {
  it('loads the changed text for the file, and leaves all others to others', () => {
    const loaded: string[] = [];
    const { edits } = bugs.wrong;
    const [file = ''] = filesOf(bugs.wrong);
    const plugin = plantingPlugin(edits, (name) => loaded.push(name));
    expect(plugin.load(`${root}/${file}?v=1`)).toContain('total -=');
    expect(plugin.load(`${root}/elsewhere/${file}`)).toBeUndefined();
    expect(loaded).toEqual([file]);
  });

  it('gets its edits through the environment', () => {
    const { edits } = bugs.wrong;
    expect(editsOfEnvironment({ [editsVariable]: JSON.stringify(edits) })).toEqual(edits);
    expect(editsOfEnvironment({})).toEqual([]);
  });
});
