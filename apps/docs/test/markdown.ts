/** As much of Markdown as the checks need: headings with their anchors, fenced blocks, links. */

/** A line that is a heading. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  /** What a link to it has behind the `#`. */
  readonly anchor: string;
}

/** A fenced block. */
export interface Block {
  /** Behind the opening fence: `ts`, `text`, …; empty where nothing is there. */
  readonly language: string;
  /** Content, with a line break at the end of each line. */
  readonly content: string;
  /** The last line before it that is not empty; a heading or a comment says what the block is. */
  readonly before: string;
  /** Text of the heading that it stands under. */
  readonly section: string;
}

interface Page {
  readonly headings: readonly Heading[];
  readonly blocks: readonly Block[];
  /** Everything outside of fenced blocks. */
  readonly prose: string;
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;

/** Takes a page apart. */
export function parseMarkdown(text: string): Page {
  const headings: Heading[] = [];
  const blocks: Block[] = [];
  const prose: string[] = [];
  const taken = new Map<string, number>();
  let open: { readonly mark: string; readonly language: string; content: string } | undefined;
  let before = '';
  for (const line of text.split('\n')) {
    const [, mark, language = ''] = fence.exec(line) ?? [];
    if (open !== undefined) {
      if (mark?.startsWith(open.mark) === true && language === '') {
        const section = headings.at(-1)?.text ?? '';
        blocks.push({ language: open.language, content: open.content, before, section });
        open = undefined;
        before = '';
      } else {
        open.content += `${line}\n`;
      }
      continue;
    }
    if (mark !== undefined) {
      open = { mark, language, content: '' };
      continue;
    }
    prose.push(line);
    if (line.trim() !== '') before = line.trim();
    const [, hashes, heading] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line) ?? [];
    if (hashes !== undefined && heading !== undefined) {
      headings.push({
        level: hashes.length,
        text: heading.replaceAll('`', ''),
        anchor: anchorOf(heading, taken),
      });
    }
  }
  return { headings, blocks, prose: prose.join('\n') };
}

/** Targets of all links and pictures, in the order of their kinds. */
export function linksOf(text: string): readonly string[] {
  const prose = parseMarkdown(text).prose.replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, 'code');
  const patterns = [
    /\]\(\s*<?([^)\s>]+)[^)]*\)/g,
    /^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)/gm,
    /\b(?:href|src|srcset)="([^"]+)"/g,
  ];
  return patterns.flatMap((pattern) =>
    [...prose.matchAll(pattern)].map(([, target = '']) => target),
  );
}

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces, a number for the second. */
function anchorOf(heading: string, taken: Map<string, number>): string {
  const text = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1');
  const plain = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
  const times = taken.get(plain) ?? 0;
  taken.set(plain, times + 1);
  return times === 0 ? plain : `${plain}-${String(times)}`;
}
