/** The pictures are drawn by hand: nothing but text, readable in light and dark, and up to date. */
import { describe, expect, it } from 'vitest';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolders, read, root } from './repository.ts';

const folder = 'apps/docs';
const pictures = readdirSync(join(root, folder)).filter((name) => name.endsWith('.svg'));

describe('the pictures', () => {
  it.each(pictures)('%s loads nothing from elsewhere and has a title', (name) => {
    const svg = read(`${folder}/${name}`);
    expect(svg).not.toMatch(/<script|<image|<foreignObject|@import|url\((?!#)|href="(?!#)/);
    expect(svg).toMatch(/<svg[^>]*role="img"[^>]*aria-labelledby="title"/);
    expect(svg).toContain('<title id="title">');
  });

  it.each(pictures)('%s colours the same things on a light and on a dark page', (name) => {
    const svg = read(`${folder}/${name}`);
    const style = /<style>(.*)<\/style>/s.exec(svg)?.[1] ?? '';
    const [light = '', dark = ''] = style.split('@media (prefers-color-scheme: dark) {');
    expect(coloured(light).length).toBeGreaterThan(0);
    expect(coloured(dark)).toEqual(coloured(light));
    // Not every viewer of pictures knows variables.
    expect(style).not.toContain('var(');
  });

  it('shows every package on the floors', () => {
    const labels = [...read(`${folder}/floors.svg`).matchAll(/>([\w-]+)<\/text>/g)];
    const shown = labels.map(([, label]) => label);
    expect(shown).toEqual(expect.arrayContaining([...packageFolders()]));
  });
});

/** What a style sheet gives a colour, such as `.box fill`. */
function coloured(style: string): readonly string[] {
  return [...style.matchAll(/([^{}]+)\{([^{}]*)\}/g)].flatMap(([, selector = '', rules = '']) =>
    [...rules.matchAll(/([\w-]+): #/g)].map(
      ([, property = '']) => `${selector.trim()} ${property}`,
    ),
  );
}
