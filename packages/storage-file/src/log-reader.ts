/**
 * Reads records back from disk, each checked again.
 */
import { CorruptError, type LogIndex, type LogRecord } from '@quorate/core';
import type { FileSystem } from '@quorate/files';
import type { Located, LogMap } from './log-map.ts';
import { headerAt, payloadPasses, recordHeaderBytes, segmentSeed } from './record.ts';
import type { Segment } from './recovery.ts';
import { segmentName } from './segment-file.ts';
import { Window } from './window.ts';

const leastWindowBytes = 64 * 1024;
const mostWindowBytes = 1024 * 1024;

/** What records are read from. */
export interface LogSource {
  readonly files: FileSystem;
  readonly folder: string;
  readonly log: Uint8Array;
  readonly map: LogMap<Segment>;
}

/** Records from `from` to `to`, stopping before `maxBytes` is passed; at least one. */
export async function readRecords(
  source: LogSource,
  from: LogIndex,
  to: LogIndex,
  maxBytes: number,
): Promise<readonly LogRecord[]> {
  const found: LogRecord[] = [];
  let left = maxBytes;
  for (const stretch of source.map.locate(from, to)) {
    const whole = await readStretch(source, stretch, (entry) => {
      left -= entry.record.length;
      if (found.length > 0 && left < 0) return false;
      found.push(entry);
      return true;
    });
    if (!whole) break;
  }
  return found;
}

/** Hands out the records of a stretch until there are none, or whoever takes them has enough. */
async function readStretch(
  { files, folder, log }: LogSource,
  { segment, first, last, position }: Located<Segment>,
  take: (entry: LogRecord) => boolean,
): Promise<boolean> {
  const file = await files.open(`${folder}/${segmentName(segment.id)}`, 'read');
  try {
    const seed = segmentSeed(log, segment.id);
    const ahead = Math.min(mostWindowBytes, Math.max(leastWindowBytes, segment.end - position));
    const window = new Window(file, segment.end, ahead);
    let next = first;
    for (let at = position; next <= last; ) {
      const header = (await window.move(at, recordHeaderBytes))
        ? headerAt(window.bytes, window.view, at - window.start, seed, at)
        : undefined;
      const from = at + recordHeaderBytes;
      if (header === undefined || !(await window.move(from, header.length))) {
        throw damaged(segment, at, next);
      }
      at = from + header.length;
      if (header.kind !== 'put' || header.index < next) continue;
      const record = window.bytes.subarray(from - window.start, at - window.start);
      if (header.index > next || !payloadPasses(header, record)) {
        throw damaged(segment, from - recordHeaderBytes, next);
      }
      if (!take({ index: next, record })) return false;
      next++;
    }
    return true;
  } finally {
    await file.close();
  }
}

function damaged(segment: Segment, position: number, index: LogIndex): CorruptError {
  return new CorruptError(
    `the record at index ${String(index)} fails its check (${segmentName(segment.id)}, byte ${String(position)}); restore this node from its peers`,
  );
}
