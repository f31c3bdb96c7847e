/** More bugs of the storages, of our own making. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

export const storageMutations: readonly Mutation[] = [
  {
    id: 'storage-1',
    area: 'storage',
    title: 'a write is acknowledged without a sync',
    edits: [
      edit(
        'storage-file/log-writer',
        '    await writeAllDurably(file, parts, start);',
        '    await writeAll(file, parts, start);',
      ),
      edit(
        'storage-file/log-writer',
        'type FileSystem, writeAllDurably }',
        'type FileSystem, writeAll }',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'every write that was acknowledged survives'),
  },
  {
    id: 'storage-2',
    area: 'storage',
    title: 'the file of a segment goes before the manifest says so',
    edits: [
      edit(
        'storage-file/log-writer',
        `    await readsSettled();
    await manifest.change({ first: next.id });
    for (let id`,
        `    await readsSettled();
    for (let id`,
      ),
      edit(
        'storage-file/log-writer',
        '      else await files.remove(`${folder}/${name}`);\n    }\n',
        '      else await files.remove(`${folder}/${name}`);\n    }\n    await manifest.change({ first: next.id });\n',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'power loss at every operation'),
  },
  {
    id: 'storage-3',
    area: 'storage',
    title: 'a replaced snapshot goes before what replaced it is durable',
    edits: [
      edit(
        'storage-file/storage',
        '    await this.snapshots.adopt(log.snapshots);\n',
        '    await this.snapshots.recover(log.snapshots);\n',
      ),
    ],
    suite: suite('storage-file', ['failures'], 'replaced'),
  },
  {
    id: 'storage-4',
    area: 'storage',
    title: 'a segment is trimmed whose state no later one repeats',
    edits: [
      edit('storage-file/log-writer', '      state: this.#state,\n', '      state: undefined,\n'),
    ],
    suite: suite('storage-file', ['segments']),
  },
  {
    id: 'storage-5',
    area: 'storage',
    title: 'a read does not see the writes that were called before it',
    edits: [
      edit(
        'storage-file/storage',
        '    await parts.queue.settled({ first: from, last: to });\n',
        '',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'a read sees the writes'),
  },
  {
    id: 'storage-6',
    area: 'storage',
    title: 'a batch counts without its last record',
    edits: [
      edit(
        'storage-file/scan',
        'if (!header.last) continue;',
        'if (!header.last && header.index < 0) continue;',
      ),
    ],
    suite: suite('storage-file', ['conformance'], 'a prefix survives'),
  },
  {
    id: 'storage-7',
    area: 'storage',
    title: 'of a batch with two states the first one counts',
    edits: [edit('storage-file/batch', 'state = op.bytes;', 'state ??= op.bytes;')],
    suite: suite('storage-file', ['conformance'], 'the state is replaced|the steps of a write'),
  },
  {
    id: 'storage-8',
    area: 'storage',
    title: 'the mark of a folder is replaced by a file that is not durable',
    edits: [
      edit(
        'files/json-file',
        '    await writeAll(file, [utf8(`${text}\\n`)], 0);\n    await file.sync();\n',
        '    await writeAll(file, [utf8(`${text}\\n`)], 0);\n',
      ),
    ],
    suite: suite('files', ['json-file']),
  },
  {
    id: 'storage-9',
    area: 'storage',
    title: 'what another process staged is taken up without being written again',
    edits: [
      edit(
        'files/snapshots/named-staging',
        'const rewrite = this.#inherited === id;',
        'const rewrite = false;',
      ),
    ],
    suite: suite('files', ['snapshots/resume']),
  },
  {
    id: 'storage-10',
    area: 'storage',
    title: 'a folder that lost its mark is taken for a new one',
    edits: [
      edit(
        'storage-file/storage',
        '    if (mark === undefined) await refuseLostMark(files, this.#logFolder);\n',
        '',
      ),
    ],
    suite: suite('storage-file', ['corruption'], 'lost mark'),
  },
  {
    id: 'storage-11',
    area: 'storage',
    title: 'the folder of another node is opened',
    edits: [edit('files/mark', '  checkOwner(folder, ownerIn(folder, mark), owner);\n', '')],
    suite: suite('files', ['mark']),
  },
  {
    id: 'storage-12',
    area: 'storage',
    title: 'writes that wait are acknowledged after one before them failed',
    edits: [
      edit(
        'files/write-queue',
        '    const lost = [...this.#flying, ...this.#queue];\n',
        '    const lost = [...this.#flying];\n    for (const { resolve } of this.#queue) resolve();\n',
      ),
    ],
    suite: suite('files', ['write-queue']),
  },
  {
    id: 'storage-13',
    area: 'storage',
    title: 'LevelDB: damage that LevelDB passes over is not looked for',
    edits: [
      edit(
        'storage-level/storage',
        '    await auditDatabase({ files, database: folder.database, durable, checkTables });\n',
        '',
      ),
    ],
    suite: suite('storage-level', ['corruption']),
  },
  {
    id: 'storage-14',
    area: 'storage',
    title: 'the last batch is written once more without another look at its checksums',
    edits: [
      edit(
        'storage-file/repair',
        '      if (!payloadPasses(header, payload)) {\n',
        '      if (payload.length < header.length) {\n',
      ),
    ],
    suite: suite('storage-file', ['corruption'], 'written again'),
  },
];
