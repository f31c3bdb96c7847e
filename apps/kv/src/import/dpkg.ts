/**
 * dpkg's database, `/var/lib/dpkg/status`: stanzas of lines with an empty line after each (deb822).
 *
 * A record is one stanza: its key the package, its value the bytes of its lines, line feeds
 * included, without the empty line. With several architectures of one package, the first keeps the
 * plain name, the others have `package:arch`, and should even that stand twice (in an index of
 * several releases), `package:arch=version`: no stanza is lost, none takes another's place.
 */
import { MalformedError, TooLargeError } from '@quorate/core';
import { readLines } from './lines.ts';
import {
  checkRecord,
  type FileRecord,
  type OnInvalid,
  readRecord,
  type RecordLimits,
} from './record.ts';

/** Keys remembered to tell stanzas of one package apart. Debian has some 70 000 packages in all. */
export const maxStanzas = 1_000_000;

const lineFeed = Uint8Array.of(0x0a);
/** Fields are ASCII in front of the colon, and matched without regard to case (deb822). */
const naming = /^(Package|Architecture|Version):[ \t]*(.*?)[ \t\r]*$/i;
/** No field that names a stanza comes near this length; longer lines are not even looked at. */
const longestNamingBytes = 512;

interface Stanza {
  readonly line: number;
  readonly parts: Uint8Array[];
  readonly names: Map<string, string>;
  bytes: number;
}

/**
 * The stanzas of a dpkg file.
 *
 * @throws ServiceError naming the line of a stanza that is wrong, unless `onInvalid` takes note.
 */
export async function* readDpkg(
  source: AsyncIterable<Uint8Array>,
  limits: RecordLimits,
  onInvalid?: OnInvalid,
): AsyncGenerator<FileRecord, void, undefined> {
  const taken = new Set<string>();
  let stanza: Stanza | undefined;
  const finish = (ended: Stanza): FileRecord | undefined =>
    readRecord(ended.line, () => checkRecord(recordOf(ended, taken, limits), limits), onInvalid);

  for await (const { number, bytes, ended } of readLines(source, limits.maxValueBytes + 1)) {
    if (bytes.length > 0) {
      stanza ??= { line: number, parts: [], names: new Map(), bytes: 0 };
      take(stanza, bytes, ended, limits.maxValueBytes);
    } else if (stanza !== undefined) {
      const record = finish(stanza);
      if (record !== undefined) yield record;
      stanza = undefined;
    }
  }
  const record = stanza && finish(stanza);
  if (record !== undefined) yield record;
}

/** A stanza as it stands in a file: with an empty line after it. */
export function formatStanza(value: Uint8Array): readonly Uint8Array[] {
  return value.at(-1) === lineFeed[0] ? [value, lineFeed] : [value, lineFeed, lineFeed];
}

function take(stanza: Stanza, line: Uint8Array, ended: boolean, maxBytes: number): void {
  stanza.bytes += line.length + (ended ? 1 : 0);
  // Over the limit only the size is of interest; what was kept so far is let go.
  if (stanza.bytes > maxBytes) stanza.parts.length = 0;
  else stanza.parts.push(line, ...(ended ? [lineFeed] : []));
  if (line.length > longestNamingBytes) return;
  const [, name, text] = naming.exec(Buffer.from(line).toString('latin1')) ?? [];
  if (name === undefined || text === undefined) return;
  if (!stanza.names.has(name.toLowerCase())) stanza.names.set(name.toLowerCase(), text);
}

function recordOf(stanza: Stanza, taken: Set<string>, limits: RecordLimits): FileRecord {
  if (stanza.bytes > limits.maxValueBytes) {
    throw new TooLargeError(
      `the stanza is over the limit of ${String(limits.maxValueBytes)} bytes`,
    );
  }
  const name = stanza.names.get('package');
  if (name === undefined || name === '')
    throw new MalformedError('the stanza has no Package field');
  const arch = stanza.names.get('architecture') ?? 'unknown';
  const version = stanza.names.get('version') ?? 'unknown';
  const key = [name, `${name}:${arch}`, `${name}:${arch}=${version}`].find(
    (candidate) => !taken.has(candidate),
  );
  if (key === undefined) {
    throw new MalformedError(
      `the stanza of ${name}:${arch}=${version} stands here for the second time`,
    );
  }
  if (taken.size >= maxStanzas) {
    throw new TooLargeError(`more than ${String(maxStanzas)} stanzas; split the file`);
  }
  taken.add(key);
  return { key, value: Buffer.concat(stanza.parts), line: stanza.line };
}
