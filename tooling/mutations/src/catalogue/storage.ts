/** The known pitfalls of storage, as bugs of the storages on files. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

/** S1 to S12. */
export const storagePitfalls: readonly Mutation[] = [
  {
    id: 'S1',
    area: 'storage',
    title: 'a length is believed before its check, and memory taken for it',
    edits: [
      edit(
        'storage-file/record',
        '  if (head !== headChecksum(bytes, at, seed, position)) return undefined;\n',
        '',
      ),
      edit(
        'storage-file/window',
        '    if (position + length > this.#fileBytes) return false;\n',
        '    if (length > this.#fileBytes) new Uint8Array(length);\n',
      ),
    ],
    suite: suite('storage-file', ['record', 'corruption'], 'S1'),
  },
  {
    id: 'S2',
    area: 'storage',
    title: 'a record is written that is larger than the limit for reading',
    edits: [
      edit(
        'storage-file/storage',
        'checkStorageOps(ops, this.#settings.maxRecordBytes);',
        'checkStorageOps(ops, 2 * this.#settings.maxRecordBytes);',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'S2'),
  },
  {
    id: 'S3',
    area: 'storage',
    title: 'zeros over a record are taken for the end of the log',
    edits: [
      edit(
        'storage-file/scan',
        '  const { left, laterAt } = await lookBehind(window, start, bytes, seed);\n',
        `  if (!torn) return { end: start, torn, laterAt: undefined };
  const { left, laterAt } = await lookBehind(window, start, bytes, seed);
`,
      ),
    ],
    suite: suite('storage-file', ['corruption'], 'S3'),
  },
  {
    id: 'S4',
    area: 'storage',
    title: 'damage in the middle of the log is taken for a torn tail',
    edits: [
      edit(
        'storage-file/ends',
        'if (end.laterAt !== undefined) yield',
        'if (end.laterAt !== undefined && !end.torn) yield',
      ),
    ],
    suite: suite('storage-file', ['corruption'], 'S4'),
  },
  {
    id: 'S5',
    area: 'storage',
    title: 'a sync that failed is tried again',
    edits: [
      edit(
        'storage-file/log-writer',
        '    await writeAllDurably(file, parts, start);',
        '    await writeAllDurably(file, parts, start).catch(() => file.sync());',
      ),
    ],
    suite: suite('storage-file', ['failures'], 'S5'),
  },
  {
    id: 'S5b',
    area: 'storage',
    title: 'what the kernel still shows after a failed sync is built upon',
    edits: [
      edit('storage-file/storage', '      if (!isCertain) await writer.begin(again, true);\n', ''),
    ],
    suite: suite('storage-file', ['failures'], 'S5'),
  },
  {
    id: 'S6',
    area: 'storage',
    title: 'the folder is not synced after a segment was made',
    edits: [
      edit(
        'storage-file/segment-file',
        '    await files.syncFolder(folder);\n    return file;',
        '    return file;',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'power loss at every operation'),
  },
  {
    id: 'S6b',
    area: 'storage',
    title: 'the folder is not synced after a rename',
    edits: [edit('files/json-file', '  await files.syncFolder(folderOf(path));\n', '')],
    suite: suite('files', ['json-file', 'mark']),
  },
  {
    id: 'S6c',
    area: 'storage',
    title: 'the folder is not synced after a snapshot got its name',
    edits: [
      edit(
        'files/snapshots/snapshot-store',
        '    await files.syncFolder(folder);\n    this.#finished',
        '    this.#finished',
      ),
    ],
    suite: suite('files', ['snapshots/publish', 'snapshots/resume']),
  },
  {
    id: 'S7',
    area: 'storage',
    title: 'the checksum of a record does not depend on its position',
    edits: [
      edit('storage-file/record', '(seed ^ position) >>> 0);', '(seed ^ (position & 0)) >>> 0);'),
    ],
    suite: suite('storage-file', ['record', 'corruption'], 'S7'),
  },
  {
    id: 'S7b',
    area: 'storage',
    title: 'the checksum of a record does not depend on its segment',
    edits: [edit('storage-file/record', 'return crc32(number, crc32(log));', 'return crc32(log);')],
    suite: suite('storage-file', ['record', 'corruption', 'segments'], 'S7|used again'),
  },
  {
    id: 'S7c',
    area: 'storage',
    title: 'blocks of a snapshot pass their check in another place',
    edits: [
      edit(
        'files/snapshots/snapshot-file',
        'crc32(new ByteWriter(32).string(id).u48(number).take())',
        'crc32(new ByteWriter(32).string(id).u48(Math.min(number, 0)).take())',
      ),
    ],
    suite: suite('files', ['snapshots/publish'], 'S7'),
  },
  {
    id: 'S8',
    area: 'storage',
    title: 'nobody notices that a whole file is gone',
    edits: [
      edit(
        'storage-file/recovery',
        "      this.#damaged(id, undefined, 'the file is gone');\n",
        '',
      ),
    ],
    suite: suite('storage-file', ['corruption'], 'S8'),
  },
  {
    id: 'S8b',
    area: 'storage',
    title: 'nobody notices that a snapshot is gone',
    edits: [
      edit('files/snapshots/snapshot-store', '      await this.#checkCurrent(current);\n', ''),
    ],
    suite: suite('files', ['snapshots/publish'], 'S8'),
  },
  {
    id: 'S8c',
    area: 'storage',
    title: 'nobody notices that the log ends before what was durable',
    edits: [edit('storage-file/recovery', '    this.#checkReach();\n', '')],
    suite: suite('storage-file', ['corruption', 'failed-sync']),
  },
  {
    id: 'S9',
    area: 'storage',
    title: 'two processes open one folder',
    edits: [
      edit(
        'storage-file/storage',
        'this.#unlock = await files.lock(`${directory}/lock`);',
        'this.#unlock = () => Promise.resolve();',
      ),
    ],
    suite: suite('storage-file', ['folder', 'conformance'], 'S9'),
  },
  {
    id: 'S10',
    area: 'storage',
    title: 'small writes overtake large ones',
    edits: [
      edit(
        'files/write-queue',
        '  #nextGroup(): readonly Waiting[] {\n',
        `  #nextGroup(): readonly Waiting[] {
    this.#queue.sort((left, right) => left.bytes - right.bytes);
`,
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'S10'),
  },
  {
    id: 'S11',
    area: 'storage',
    title: 'a write that takes only a part is taken for a whole one',
    edits: [
      edit('files/file-system', '  while (left.length > 0) {\n', '  if (left.length > 0) {\n'),
    ],
    suite: suite('storage-file', ['failures'], 'S11'),
  },
  {
    id: 'S12',
    area: 'storage',
    title: 'a snapshot is visible before the batch that publishes it is durable',
    edits: [
      edit(
        'storage-file/storage',
        `    await writer.append(drafts);
    for (const info of published) this.snapshots.published(info);`,
        `    for (const info of published) this.snapshots.published(info);
    await writer.append(drafts);`,
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'S12|power loss at every operation'),
  },
  {
    id: 'S12b',
    area: 'storage',
    title: 'a snapshot is published whose content is not durable',
    edits: [
      edit(
        'files/snapshots/snapshot-file',
        '    if (this.#filled > 0) await this.#flush();\n    await this.#file.sync();\n',
        '    if (this.#filled > 0) await this.#flush();\n',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'S12|P15|power loss at every operation'),
  },
];
