/**
 * Where each record of the log lies: the index in memory.
 *
 * It does not remember every record. Puts that follow each other, in the log as on disk, form a
 * *run*, of which only every 64 KiB one place is kept: a read begins there and passes over what it
 * does not want. An *extent* is the part of a run that still counts; extents are disjoint, and a put
 * takes its index out of the extent that had it. So memory grows with the bytes of the log divided
 * by thousands, and with the number of places where order breaks, never with the number of records.
 */
import type { IndexSpan, LogIndex } from '@quorate/core';

/** Between two places of a run that are kept. */
const anchorEveryBytes = 64 * 1024;

/** The part of a segment that the map counts. */
export interface SegmentUse {
  readonly id: number;
  /** Records in it that a read would give. */
  live: number;
}

/** Puts of consecutive indexes, one behind the other in one segment. */
interface Run<Segment extends SegmentUse> {
  readonly segment: Segment;
  readonly anchors: { readonly indexes: LogIndex[]; readonly positions: number[] };
}

/** Part of a run, from `first` to `last`. */
interface Extent<Segment extends SegmentUse> {
  first: LogIndex;
  last: LogIndex;
  readonly run: Run<Segment>;
}

/** Where to begin to read a span of consecutive indexes. */
export interface Located<Segment extends SegmentUse> extends IndexSpan {
  readonly segment: Segment;
  /** Of a record at or before the first one of the span, in the same run. */
  readonly position: number;
}

/** The records of a log, by index. */
export class LogMap<Segment extends SegmentUse> {
  /** In ascending order. */
  readonly #extents: Extent<Segment>[] = [];
  /** Holds the record that was put last, which the next one may follow. */
  #hot: Extent<Segment> | undefined;

  /** Lowest and highest index; `undefined`: there is no record. */
  get span(): IndexSpan | undefined {
    const first = this.#extents[0];
    const last = this.#extents.at(-1);
    return first === undefined || last === undefined
      ? undefined
      : { first: first.first, last: last.last };
  }

  /** Extents and places that are kept: what the map costs. */
  get size(): number {
    let places = this.#extents.length;
    for (const { run } of this.#extents) places += run.anchors.indexes.length;
    return places;
  }

  /** Takes a put in, which is at this position of the segment. */
  put(index: LogIndex, segment: Segment, position: number): void {
    const last = this.#extents.at(-1);
    if (last !== undefined && index <= last.last) this.#remove(index, index);
    segment.live++;
    const hot = this.#hot;
    if (hot !== undefined && index === hot.last + 1 && hot.run.segment === segment) {
      hot.last = index;
      const { indexes, positions } = hot.run.anchors;
      if (position - (positions.at(-1) ?? 0) >= anchorEveryBytes) {
        indexes.push(index);
        positions.push(position);
      }
      return;
    }
    const run = { segment, anchors: { indexes: [index], positions: [position] } };
    this.#hot = { first: index, last: index, run };
    this.#extents.splice(this.#firstFrom(index), 0, this.#hot);
  }

  dropAfter(index: LogIndex): void {
    this.#remove(index + 1, Infinity);
    // A record that is put again lies behind the one that was dropped: it belongs to another run.
    this.#hot = undefined;
  }

  dropBefore(index: LogIndex): void {
    this.#remove(0, index - 1);
  }

  /** The stretches that hold the records of a span, in ascending order. */
  *locate(from: LogIndex, to: LogIndex): Generator<Located<Segment>> {
    for (let next = from; next <= to; ) {
      // Looked for anew each time: much may have changed while whoever asks has read the last one.
      const extent = this.#extents[this.#firstFrom(next)];
      if (extent === undefined || extent.first > to) return;
      const first = Math.max(next, extent.first);
      const last = Math.min(to, extent.last);
      const { segment, anchors } = extent.run;
      yield { segment, first, last, position: anchorFor(anchors, first) };
      next = last + 1;
    }
  }

  /** Takes indexes out, both ends included. */
  #remove(from: LogIndex, to: LogIndex): void {
    const start = this.#firstFrom(from);
    let end = start;
    const left: Extent<Segment>[] = [];
    for (; end < this.#extents.length; end++) {
      const extent = this.#extents[end];
      if (extent === undefined || extent.first > to) break;
      const { first, last, run } = extent;
      run.segment.live -= Math.min(last, to) - Math.max(first, from) + 1;
      if (first < from) left.push({ first, last: from - 1, run });
      if (last > to) {
        // The part behind stays the same object: it may be the one that grows.
        extent.first = to + 1;
        left.push(extent);
      } else if (extent === this.#hot) this.#hot = undefined;
    }
    if (end > start) this.#extents.splice(start, end - start, ...left);
  }

  /** Position of the first extent that reaches `index` or beyond. */
  #firstFrom(index: LogIndex): number {
    const last = this.#extents.at(-1);
    if (last === undefined || last.last < index) return this.#extents.length;
    let low = 0;
    let high = this.#extents.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle]?.last ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The place at or before an index. */
function anchorFor(
  {
    indexes,
    positions,
  }: { readonly indexes: readonly number[]; readonly positions: readonly number[] },
  index: LogIndex,
): number {
  let low = 0;
  let high = indexes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((indexes[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return positions[low] ?? 0;
}
