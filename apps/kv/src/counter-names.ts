/**
 * From the plain numbers of the parts to names that Prometheus expects: totals end in `_total`, bytes
 * stand behind what they are bytes of, and what goes up and down is a gauge.
 */

/** Numbers of the parts that go up and down. All others only ever grow. */
const gauges: ReadonlySet<string> = new Set([
  'clients_connected',
  'requests_pending',
  'request_bytes_pending',
  'snapshots_sending',
  'file_segments',
  'file_index_places',
  'http_requests_under_way',
  'http_request_bytes_held',
  'http_reply_bytes_held',
]);

/** Numbers that the status has too, under a name of its own. */
const shownElsewhere: ReadonlySet<string> = new Set(['tail_bytes']);

/** How a number is exported. */
export interface ExportedNumber {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
}

/**
 * What to export a number as, or `undefined` where that happens elsewhere.
 *
 * @param counted the name that the part gave it, `bytes_sent`, with the part in front where it would
 * otherwise be the name of another part's number too: `tcp_bytes_sent`.
 */
export function exportedNumber(counted: string): ExportedNumber | undefined {
  const snake = counted.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (shownElsewhere.has(snake)) return undefined;
  const what = snake.replaceAll('_', ' ');
  const name = `quorate_${snake.replace(/(^|_)bytes_(.+)$/, '$1$2_bytes')}`;
  return gauges.has(snake)
    ? { type: 'gauge', name, help: `Number of ${what} now.` }
    : { type: 'counter', name: `${name}_total`, help: `Number of ${what} since the start.` };
}
