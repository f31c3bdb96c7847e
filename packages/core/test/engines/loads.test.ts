/** Pages from disk: believed only as far as they are still the log. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Loads, type PageReader } from '../../src/engines/loads.ts';
import { Outbox } from '../../src/engines/outbox.ts';
import type { Load, LogRecord } from '../../src/index.ts';

/** A log whose records hold the version that they were written in. */
const log = {
  generation: 0,
  version: 1,
  isCurrent: (_: number, record: Uint8Array) => record[0] === log.version,
};
const page = (from: number, ...versions: number[]): LogRecord[] =>
  versions.map((version, at) => ({ index: from + at, record: Uint8Array.of(version) }));

describe('a load', () => {
  let outbox: Outbox<never>;
  let loads: Loads;
  let reader: PageReader;
  const asked = (): readonly Load[] => outbox.take(undefined, undefined, 0).loads;

  beforeEach(() => {
    log.generation = 0;
    log.version = 1;
    outbox = new Outbox();
    loads = new Loads(log);
    reader = { page: undefined, loading: undefined };
    loads.request(outbox, reader, 5, 9, 100);
  });

  it('is asked for once', () => {
    loads.request(outbox, reader, 5, 9, 100);
    expect(asked()).toEqual([{ id: 1, from: 5, to: 9, maxBytes: 100 }]);
  });

  it('brings a page, once', () => {
    loads.receive({ type: 'loaded', load: 1, records: page(5, 1, 1) });
    expect(reader).toEqual({ page: page(5, 1, 1), loading: undefined });
    loads.receive({ type: 'loaded', load: 1, records: page(5, 1) });
    expect(reader.page).toEqual(page(5, 1, 1));
  });

  it('is believed up to the first record that is not in the log, or not in its place', () => {
    loads.receive({
      type: 'loaded',
      load: 1,
      records: [...page(5, 1), ...page(6, 2), ...page(7, 1)],
    });
    expect(reader.page).toEqual(page(5, 1));
    loads.request(outbox, reader, 5, 9, 100);
    loads.receive({ type: 'loaded', load: 2, records: [...page(5, 1), ...page(7, 1)] });
    expect(reader.page).toEqual(page(5, 1));
  });

  it('may bring nothing where the log has changed, and may be asked for again', () => {
    log.version = 2;
    log.generation++;
    loads.receive({ type: 'loaded', load: 1, records: page(5, 1) });
    expect(reader).toEqual({ page: undefined, loading: undefined });
    loads.request(outbox, reader, 5, 9, 100);
    expect(asked().map(({ id }) => id)).toEqual([1, 2]);
  });

  it('stops the node where the storage has lost what the log holds', () => {
    expect(() => loads.receive({ type: 'loaded', load: 1, records: [] })).toThrow('read back');
  });
});
