/** A page around the picture of a violation: what it shows, the orders found, and the lines to check it again. */
import { describeState, type Model } from '../model.ts';
import type { Contradiction, Violation } from '../verdict.ts';
import { escaped } from './escape.ts';
import { drawViolation } from './svg.ts';
import { operationWords, statesWords } from './words.ts';

/** How every page begins, so that one can be told from what somebody else has written. */
export const pageMark = '<!doctype html>\n<!-- quorate-linearizability -->';

/** @see violationPage */
export interface PageOptions {
  /** Where the history comes from. @default none */
  readonly source?: string;
  /** The operations of the core as lines to check again. @default none */
  readonly lines?: string;
}

const style = `
:root { color-scheme: light dark; --back: #fff; --ink: #1d2430; --soft: #667085; --line: #e3e7ee; --bad: #c92a2a; }
@media (prefers-color-scheme: dark) { :root { --back: #14181f; --ink: #e8ecf3; --soft: #98a2b3; --line: #2a313d; --bad: #ff7b7b; } }
body { margin: 0 auto; padding: 2rem; max-width: 100rem; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.source, figcaption { color: var(--soft); } strong { color: var(--bad); }
figure { margin: 1.5rem 0; } .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
figcaption { font-size: .875rem; margin-top: .5rem; } svg { display: block; }
code, pre, li { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; padding: .75rem; }`;

const maxOrdersShown = 4;

/** A whole HTML page about a violation, with nothing to load. */
export function violationPage<State, Input, Output>(
  model: Model<State, Input, Output>,
  violation: Violation<State, Input, Output>,
  options: PageOptions = {},
): string {
  const { partition, prefix, core } = violation;
  const where = partition === undefined ? '' : `, key <code>${escaped(partition)}</code>`;
  const source = options.source === undefined ? '' : `${escaped(options.source)}, `;
  const hidden = prefix.operations.length - core.operations.length;
  const left =
    hidden === 1
      ? 'One other operation before that completion is left out: if it changed something, there is no order whether or not it did.'
      : `${hidden} other operations before that completion are left out: of those that changed something, there is no order whether or not they did.`;
  return [
    pageMark,
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Not linearizable</title><style>${style}</style></head><body>`,
    '<h1>Not linearizable</h1>',
    `<p class="source">${source}model ${escaped(model.name)}${where}</p>`,
    `<p>${sentenceOf(model, core)}</p>`,
    `<figure><div class="scroll">${drawViolation(model, violation)}</div>`,
    '<figcaption>A bar is an operation, from its call to its completion, by the order of events. A dashed one has no known end and may not have happened. ',
    'The numbers are an order of everything that fits; each moment lies within its bar. The red operation fits nowhere. ',
    `${hidden > 0 ? left : ''}</figcaption></figure>`,
    ...ordersOf(model, core),
    ...(options.lines === undefined
      ? []
      : [`<h2>These operations as a history</h2><pre>${escaped(options.lines)}</pre>`]),
    ...(violation.isShortest && violation.isMinimal
      ? []
      : ['<p>The time to shorten this was used up: a shorter one may exist.</p>']),
    '</body></html>\n',
  ].join('\n');
}

function sentenceOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  core: Contradiction<State, Input, Output>,
): string {
  const { misfit, failsAt } = core;
  const misfitWords = `<strong>${escaped(operationWords(model, misfit))}</strong>`;
  const states = escaped(statesWords(model, core));
  const later =
    misfit === failsAt ? '' : ` once ${escaped(operationWords(model, failsAt))} has completed`;
  return `${misfitWords} fits nowhere${later}: after everything that completed before it the state can only be <code>${states}</code>.`;
}

function ordersOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  { orders, stateCount }: Contradiction<State, Input, Output>,
): readonly string[] {
  const shown = orders.slice(0, maxOrdersShown);
  const rest = stateCount - shown.length;
  const more = rest > 0 ? `<p>Others lead to ${rest} more states.</p>` : '';
  return [
    ...shown.map(({ operations, state }, at) => {
      const items = operations.map((each) => `<li>${escaped(operationWords(model, each))}</li>`);
      const title = at === 0 ? 'The order found' : 'Another order';
      return `<h2>${title}, to the state <code>${escaped(describeState(model, state))}</code></h2><ol>${items.join('')}</ol>`;
    }),
    more,
  ];
}
