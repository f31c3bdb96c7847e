/**
 * The format of a backup: the state of a group as of one index of its log, in one file that says what it
 * is, and of which every damage is noticed.
 *
 *     "quorate-backup 1\n"
 *     one line of JSON, "\n"      {@link BackupHeader}: `head -2` shows it
 *     u32  CRC-32 of both lines
 *     chunks, each:
 *       u32  length, 1 to 1 MiB
 *       u32  CRC-32 of the bytes
 *            bytes
 *     the end:
 *       u32  0
 *       u48  length of the content
 *       u32  CRC-32 of the content
 *       u32  CRC-32 of these fourteen bytes
 *
 * Numbers are big-endian. The content is a snapshot of the replica, in the format of `@quorate/replica`,
 * which depends on the machine and not on the algorithm. The end says what the header has said already: a
 * file that was cut off has no end, and one that was put together from two has a wrong one.
 */
import {
  ByteReader,
  ByteWriter,
  crc32,
  InvalidArgumentError,
  MalformedError,
  type LogIndex,
  maxU48,
  utf8,
} from '@quorate/core';
import { integerOf, objectOf, parseJson, stringOf } from '../json.ts';

/** The machine whose state is in a backup of this program. */
export const machineName = 'kv';

/** What a backup says of itself. */
export interface BackupHeader {
  /** Where it was taken. */
  readonly cluster: string;
  readonly node: string;
  readonly algorithm: string;
  readonly machine: string;
  /** Version of the program that wrote it. */
  readonly program: string;
  /** When, in ISO 8601. */
  readonly time: string;
  /** The last index of the log that is in it. */
  readonly index: LogIndex;
  /** Size of the content. */
  readonly bytes: number;
  /** CRC-32 of the content. */
  readonly checksum: number;
}

/** The first line. */
export const firstLine = 'quorate-backup 1\n';
/** What the first line of any version begins with. */
export const magic = 'quorate-backup ';
/** Most bytes of the second line. */
export const maxHeaderBytes: number = 16 * 1024;
/** Most content in one chunk. */
export const maxChunkBytes: number = 1024 * 1024;
/** Length and checksum in front of each chunk. */
export const chunkOverheadBytes = 8;
/** Bytes of the end, its zero included. */
export const endBytes = 18;

/** Content in each chunk that is written, but for the last. */
export const writtenChunkBytes: number = 256 * 1024;

/** Size of the whole file. */
export function backupBytes(header: BackupHeader): number {
  const chunks = Math.ceil(header.bytes / writtenChunkBytes);
  return encodeStart(header).length + header.bytes + chunks * chunkOverheadBytes + endBytes;
}

/** Both lines with their checksum. */
export function encodeStart(header: BackupHeader): Uint8Array {
  const lines = utf8(`${firstLine}${JSON.stringify(header)}\n`);
  return new ByteWriter(lines.length + 4).raw(lines).u32(crc32(lines)).take();
}

/** What goes in front of a chunk. */
export function encodeChunkHead(chunk: Uint8Array): Uint8Array {
  return new ByteWriter(chunkOverheadBytes).u32(chunk.length).u32(crc32(chunk)).take();
}

/** The end of the file. */
export function encodeEnd({
  bytes,
  checksum,
}: Pick<BackupHeader, 'bytes' | 'checksum'>): Uint8Array {
  const end = new ByteWriter(endBytes).u32(0).u48(bytes).u32(checksum).take();
  return new ByteWriter(endBytes).raw(end).u32(crc32(end)).take();
}

/**
 * The header out of its line, which has passed its check.
 *
 * @throws MalformedError | InvalidArgumentError if a later version has written it.
 */
export function decodeHeader(line: string): BackupHeader {
  const what = 'the header of the backup';
  const fields = objectOf(parseJson(line, what), what);
  const text = (name: keyof BackupHeader): string => stringOf(fields[name], `${what}: ${name}`);
  const number = (name: keyof BackupHeader, least: number, most: number): number =>
    integerOf(fields[name], `${what}: ${name}`, least, most);
  return {
    cluster: text('cluster'),
    node: text('node'),
    algorithm: text('algorithm'),
    machine: text('machine'),
    program: text('program'),
    time: text('time'),
    index: number('index', 1, maxU48),
    bytes: number('bytes', 0, maxU48),
    checksum: number('checksum', 0, 2 ** 32 - 1),
  };
}

/**
 * The end, its zero included.
 *
 * @throws MalformedError if it fails its check.
 */
export function decodeEnd(bytes: Uint8Array): {
  readonly bytes: number;
  readonly checksum: number;
} {
  const reader = new ByteReader(bytes);
  reader.u32();
  const end = { bytes: reader.u48(), checksum: reader.u32() };
  if (reader.u32() !== crc32(bytes.subarray(0, endBytes - 4))) {
    throw new MalformedError('the end of the backup fails its check');
  }
  return end;
}

/** @throws InvalidArgumentError if the state is that of another machine. */
export function checkMachine({ machine }: BackupHeader, what: string): void {
  if (machine === machineName) return;
  throw new InvalidArgumentError(
    `${what} holds the state of a machine ${JSON.stringify(machine)}, not of ${JSON.stringify(machineName)}; restore it with the program that wrote it`,
  );
}
