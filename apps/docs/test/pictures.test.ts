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

  it.each(pictures)('%s has colours for a light and a dark page', (name) => {
    const svg = read(`${folder}/${name}`);
    const [light = '', dark = ''] = svg.split('@media (prefers-color-scheme: dark)');
    const colours = /--([\w-]+):/g;
    const names = (text: string): readonly string[] => [
      ...new Set([...text.matchAll(colours)].map(([, colour = '']) => colour)),
    ];
    expect(names(light).length).toBeGreaterThan(0);
    expect(names(dark)).toEqual(names(light));
  });

  it('shows every package on the floors', () => {
    const labels = [...read(`${folder}/floors.svg`).matchAll(/>([\w-]+)<\/text>/g)];
    const shown = labels.map(([, label]) => label);
    expect(shown).toEqual(expect.arrayContaining([...packageFolders()]));
  });
});
