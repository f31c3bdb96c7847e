/** Every relative link in every Markdown file leads somewhere: to a file, and to a heading in it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linksOf, parseMarkdown } from './markdown.ts';
import { markdownFiles, read, root } from './repository.ts';

const hasScheme = /^[a-z][a-z0-9+.-]*:/i;

/** What is wrong with a link; `undefined`: nothing. */
function complaintAbout(link: string, page: string): string | undefined {
  if (hasScheme.test(link)) return undefined;
  const [path = '', anchor] = decodeURIComponent(link).split('#');
  const file = path === '' ? join(root, page) : resolve(root, dirname(page), path);
  if (relative(root, file).startsWith('..')) return `${link} leaves the repository`;
  if (!existsSync(file)) return `${link}: there is no such file`;
  if (anchor === undefined || anchor === '') return undefined;
  if (!file.endsWith('.md') || !statSync(file).isFile()) return `${link}: not a page with headings`;
  const { headings } = parseMarkdown(readFileSync(file, 'utf8'));
  if (headings.some((heading) => heading.anchor === anchor)) return undefined;
  return `${link}: there is no such heading`;
}

describe('relative links', () => {
  it.each(markdownFiles())('of %s lead somewhere', (page) => {
    const complaints = linksOf(read(page))
      .map((link) => complaintAbout(link, page))
      .filter((complaint) => complaint !== undefined);
    expect(complaints).toEqual([]);
  });
});

describe('the index of the documentation', () => {
  it('names every page', () => {
    const folder = 'apps/docs/';
    const pages = markdownFiles()
      .filter((page) => page.startsWith(folder) && page !== `${folder}README.md`)
      .map((page) => page.slice(folder.length));
    expect(linksOf(read(`${folder}README.md`))).toEqual(expect.arrayContaining(pages));
  });
});

describe('what counts as a link', () => {
  it('is an inline one, a definition, a picture and HTML, but not code', () => {
    const text = [
      '[a](one.md) ![b](two.svg "title") [![c](three.svg)](four.md#x)',
      '`[not](me.md)` <img src="five.svg">',
      '```md',
      '[nor](me.md)',
      '```',
      '[d]: six.md',
    ].join('\n');
    expect(linksOf(text)).toEqual([
      'one.md',
      'two.svg',
      'three.svg',
      'four.md#x',
      'six.md',
      'five.svg',
    ]);
  });

  it('leads to headings by the anchors that GitHub makes', () => {
    const { headings } = parseMarkdown('# A `b`, c!\n## X_Y\n## X_Y\n```\n# no\n```\n### [L](u)');
    expect(headings.map(({ anchor }) => anchor)).toEqual(['a-b-c', 'x_y', 'x_y-1', 'l']);
  });

  it('is reported when it leads nowhere', () => {
    expect(complaintAbout('nowhere.md', 'README.md')).toContain('no such file');
    expect(complaintAbout('#nowhere', 'apps/docs/README.md')).toContain('no such heading');
    expect(complaintAbout('../elsewhere', 'README.md')).toContain('leaves the repository');
    expect(complaintAbout('https://example.com/', 'README.md')).toBeUndefined();
  });
});

describe('links to code', () => {
  const named = /\[`([A-Za-z]\w*)`\]\(([^)#]+\.ts)\)/g;

  it.each(markdownFiles())('of %s lead to what they name', (page) => {
    const missing = [...read(page).matchAll(named)]
      .filter(([, name = '', path = '']) => {
        const source = readFileSync(resolve(root, dirname(page), path), 'utf8');
        return !new RegExp(`(function|class|interface|const|type) ${name}\\b`).test(source);
      })
      .map(([link]) => link);
    expect(missing).toEqual([]);
  });
});
