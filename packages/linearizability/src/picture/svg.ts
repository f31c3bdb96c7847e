/** A contradiction as a picture: bars over time, a lane for each process, and the order that was found. */
import type { Model } from '../model.ts';
import type { Contradiction, Violation } from '../verdict.ts';
import { escaped } from './escape.ts';
import { type Bar, type Layout, layoutOf } from './layout.ts';

const top = 34;
const laneHeight = 56;
const barHeight = 28;
const pointRadius = 8;

/** Colours for light and dark; the picture brings them along, wherever it is put. */
const style = `
.quorate { color-scheme: light dark; --back: #fff; --ink: #1d2430; --soft: #667085; --line: #e3e7ee;
  --bar: #dbe7fb; --edge: #6b93d6; --open: #f3f0e4; --open-edge: #b5a46a; --bad: #fbdcdc; --bad-edge: #c92a2a; --way: #2b6f4e; }
@media (prefers-color-scheme: dark) { .quorate { --back: #14181f; --ink: #e8ecf3; --soft: #98a2b3; --line: #2a313d;
  --bar: #1f3354; --edge: #5d8bd8; --open: #2f2b1c; --open-edge: #a8965a; --bad: #4a1f22; --bad-edge: #ff7b7b; --way: #63c798; } }
.quorate text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: var(--ink); }
.quorate .soft { fill: var(--soft); } .quorate .lane { stroke: var(--line); }
.quorate .bar rect { fill: var(--bar); stroke: var(--edge); }
.quorate .open rect { fill: var(--open); stroke: var(--open-edge); stroke-dasharray: 4 3; }
.quorate .misfit rect { fill: var(--bad); stroke: var(--bad-edge); stroke-width: 2; }
.quorate .misfit text { font-weight: 700; }
.quorate .way { fill: none; stroke: var(--way); stroke-width: 1.5; opacity: .45; }
.quorate circle { fill: var(--way); stroke: var(--back); stroke-width: 1.5; }
.quorate circle + text { font-size: 10px; font-weight: 700; fill: var(--back); text-anchor: middle; }
.quorate .end { stroke: var(--bad-edge); stroke-width: 1.5; stroke-dasharray: 5 4; }
.quorate .bad { fill: var(--bad-edge); font-weight: 700; }`;

/**
 * The core of a violation as an SVG. One bar is one operation, from its call to its completion; dashed
 * ones have no known end. The numbers are an order of all that fits; the red one fits nowhere, and the
 * red line is the completion at which the last order was gone.
 */
export function drawViolation<State, Input, Output>(
  model: Model<State, Input, Output>,
  { core }: Violation<State, Input, Output>,
): string {
  return drawContradiction(model, core);
}

function drawContradiction<State, Input, Output>(
  model: Model<State, Input, Output>,
  contradiction: Contradiction<State, Input, Output>,
): string {
  const layout = layoutOf(model, contradiction);
  const bottom = top + layout.lanes.length * laneHeight;
  const width = Math.ceil(layout.right + 24);
  const height = bottom + (layout.ticks.length > 0 ? 44 : 22);
  const anchor = layout.failsAt > width / 2 ? 'end' : 'start';
  const offset = anchor === 'end' ? -8 : 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="quorate" role="img" aria-label="Operations over time, a lane for each process" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" style="fill: var(--back)"/>`,
    ...layout.lanes.map((name, lane) => laneOf(name, lane, width)),
    `<line class="end" x1="${round(layout.failsAt)}" x2="${round(layout.failsAt)}" y1="${top - 10}" y2="${bottom}"/>`,
    `<text class="bad" x="${round(layout.failsAt + offset)}" y="${top - 12}" text-anchor="${anchor}">no order fits from here on</text>`,
    wayOf(layout),
    ...layout.bars.map(barOf),
    ...layout.points.map(
      ({ lane, x, number }) =>
        `<circle cx="${round(x)}" cy="${barBottom(lane)}" r="${pointRadius}"/><text x="${round(x)}" y="${barBottom(lane) + 3.5}">${number}</text>`,
    ),
    ...layout.ticks.map(
      ({ x, label }) =>
        `<text class="soft" x="${round(x)}" y="${bottom + 22}" text-anchor="middle">${escaped(label)}</text>`,
    ),
    '</svg>',
  ].join('\n');
}

function laneOf(name: string, lane: number, width: number): string {
  const y = top + lane * laneHeight;
  return `<line class="lane" x1="0" x2="${width}" y1="${y + laneHeight}" y2="${y + laneHeight}"/><text class="soft" x="14" y="${barTop(lane) + 18}">${escaped(name)}</text>`;
}

function barOf({ lane, from, to, isOpen, isMisfit, label, title }: Bar): string {
  const kind = isMisfit ? 'bar misfit' : isOpen ? 'bar open' : 'bar';
  const y = barTop(lane);
  return `<g class="${kind}"><title>${escaped(title)}</title><rect x="${round(from)}" y="${y}" width="${round(Math.max(4, to - from))}" height="${barHeight}" rx="5"/><text x="${round(from + 8)}" y="${y + 16}">${escaped(label)}</text></g>`;
}

function wayOf({ points }: Layout): string {
  const places = points.map(({ lane, x }) => `${round(x)},${barBottom(lane)}`);
  return `<polyline class="way" points="${places.join(' ')}"/>`;
}

function barTop(lane: number): number {
  return top + lane * laneHeight + 10;
}

function barBottom(lane: number): number {
  return barTop(lane) + barHeight;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
