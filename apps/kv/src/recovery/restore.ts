/**
 * Makes the first log of a node out of a backup: each first member of the new group is made from the same
 * file, with the same members.
 */
import {
  type Algorithm,
  CorruptError,
  crc32,
  ForeignDataError,
  InvalidArgumentError,
  memberIds,
  membershipOf,
  type Membership,
  type StagedSnapshot,
  type Storage,
  type StorageOwner,
  utf8,
} from '@quorate/core';
import { algorithmNamed, formatMembers, storageNamed, usageError } from '@quorate/program';
import { type BackupHeader, checkMachine } from '../backup/format.ts';
import type { Backup } from '../backup/reader.ts';
import { type NodeConfig, settingsToRemember } from '../node/config.ts';
import type { DataFolder } from '../node/data-folder.ts';
import { type AuditRecord, auditRecord } from './audit.ts';
import { type AfterStep, isDecided, settle, succeed } from './succession.ts';
import { surveyOf, surveyToJson } from './survey.ts';

/** What {@link restore} needs. */
export interface RestoreOptions {
  readonly folder: DataFolder;
  readonly config: NodeConfig;
  readonly backup: Backup;
  /** Where the backup came from, for messages and the record. */
  readonly source: string;
  readonly now?: () => Date;
  readonly afterStep?: AfterStep;
}

/**
 * Does it. The folder must be new, or one in which the same was interrupted.
 *
 * @throws ForeignDataError if the folder is in use.
 * @throws LockedError if somebody else is at it.
 * @throws CorruptError if the backup is damaged; nothing is left then.
 * @throws InvalidArgumentError if it is of another machine.
 */
export async function restore(options: RestoreOptions): Promise<AuditRecord> {
  const { folder, backup, source, afterStep } = options;
  checkMachine(backup.header, source);
  // A folder that is not ours is not even locked.
  if (!(await isDecided(folder))) await refuseUsed(folder);
  const unlock = await folder.lock();
  try {
    const finished = await settle(folder, afterStep);
    if (finished !== undefined && finished['fingerprint'] === fingerprintOf(options)) {
      return finished;
    }
    await refuseUsed(folder);
    return await run(options);
  } finally {
    await unlock();
  }
}

/**
 * Names everything that has to be the same on all first members: nodes whose fingerprints differ must never
 * be started.
 */
export function fingerprintOf({
  config: { cluster, algorithm, members },
  backup: { header },
}: Pick<RestoreOptions, 'config' | 'backup'>): string {
  const { index, bytes, checksum } = header;
  const text = JSON.stringify([cluster, algorithm, formatMembers(members), index, bytes, checksum]);
  return crc32(utf8(text)).toString(16).padStart(8, '0');
}

async function run(options: RestoreOptions): Promise<AuditRecord> {
  const { folder, config, backup, source, now = () => new Date() } = options;
  const { afterStep = () => undefined } = options;
  const { cluster, node, algorithm: algorithmName, storage: storageName, members } = config;
  const part = storageNamed(storageName);
  if (!part.durable) {
    throw usageError(`storage ${storageName} keeps nothing: there is nowhere to restore to`);
  }
  const owner = { cluster, node, algorithm: algorithmName };
  const membership = membershipOf(members);
  return algorithmNamed(algorithmName)(async (algorithm) => {
    const { header } = backup;
    const storage = await part.create(folder.newLogPath);
    try {
      await storage.open(owner);
      await afterStep('new storage open');
      const snapshot = await stageContent(storage, backup);
      await afterStep('copied');
      await storage.write(algorithm.beginFrom({ snapshot, membership }));
    } catch (error) {
      await storage.close();
      // What it has left is of no use, and may be large.
      await settle(folder);
      throw error;
    }
    await storage.close();
    const fresh = await part.create(folder.newLogPath);
    const survey = await checked(fresh, algorithm, owner, header, membership);
    await afterStep('checked');
    const audit = auditRecord('restore', now(), {
      node,
      source,
      fingerprint: fingerprintOf(options),
      backup: header,
      new: { cluster, algorithm: algorithmName, ...surveyToJson(survey) },
    });
    const settings = settingsToRemember(config);
    await succeed(folder, { settings, before: undefined, audit }, afterStep);
    return audit;
  });
}

async function stageContent(
  storage: Pick<Storage, 'snapshots'>,
  { header, chunks }: Backup,
): Promise<StagedSnapshot> {
  const writer = await storage.snapshots.stage();
  for await (const chunk of chunks) await writer.write(chunk);
  await writer.finish();
  return { id: writer.id, index: header.index };
}

/** Opens the new log as a start would, and looks whether it is what it should be. */
async function checked<Message>(
  storage: Storage,
  algorithm: Algorithm<Message>,
  owner: StorageOwner,
  { index, bytes, checksum }: BackupHeader,
  membership: Membership,
): Promise<ReturnType<typeof surveyOf>> {
  try {
    const survey = surveyOf(algorithm, owner.node, await storage.open(owner));
    const { snapshot } = survey;
    const isGood =
      snapshot?.index === index &&
      snapshot.bytes === bytes &&
      snapshot.checksum === checksum &&
      survey.lastIndex === index &&
      memberIds(survey.membership).join() === memberIds(membership).join();
    if (!isGood) {
      throw new CorruptError(
        `the restored log of ${owner.node} is not what it should be: ${JSON.stringify(surveyToJson(survey))}; please report it`,
      );
    }
    return survey;
  } finally {
    await storage.close();
  }
}

async function refuseUsed(folder: DataFolder): Promise<void> {
  const memory = await folder.recall();
  if (memory === undefined) return;
  throw new ForeignDataError(
    `${folder.path} belongs to the node ${memory.settings.node ?? '?'} of the cluster ${JSON.stringify(memory.settings.cluster ?? '?')} already; ` +
      'restore into another folder with --data',
  );
}

/** @throws InvalidArgumentError if the backup cannot be restored under these members. */
export function checkMembers({ node, members }: NodeConfig): void {
  if (members.some(({ id }) => id === node)) return;
  throw new InvalidArgumentError(
    `a restored group begins with its --members, and ${node} must be one of them; add further nodes with serve --join`,
  );
}
