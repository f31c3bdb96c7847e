/**
 * Disaster recovery: what one stopped node holds becomes a cluster of its own, with that node as its
 * only voter. For when most nodes of a group are lost for ever.
 */
import {
  type Algorithm,
  CorruptError,
  InvalidArgumentError,
  type Member,
  memberIds,
  type Storage,
  type StorageOwner,
} from '@quorate/core';
import { algorithmNamed, storageNamed, usageError } from '@quorate/program';
import { serviceError } from '../errors.ts';
import type { DataFolder, Memory } from '../node/data-folder.ts';
import type { Settings } from '../node/settings.ts';
import { type AuditRecord, auditRecord } from './audit.ts';
import { copyAsSoleVoter } from './sole-voter.ts';
import { type AfterStep, isDecided, settle, succeed } from './succession.ts';
import { type Survey, surveyOf, surveyToJson } from './survey.ts';

/** What {@link forceNewCluster} needs. */
export interface ForceOptions {
  readonly folder: DataFolder;
  /** Name of the new cluster. */
  readonly cluster: string;
  /** Told what there is, before anything is done; `false` ends it there. */
  readonly confirm: (found: Found) => boolean | Promise<boolean>;
  readonly now?: () => Date;
  readonly afterStep?: AfterStep;
}

/** The node as it was found. */
export interface Found {
  readonly cluster: string;
  readonly algorithm: string;
  readonly member: Member & { readonly address: string };
  readonly survey: Survey;
}

/** How it ended. */
export type ForceEnding =
  | { readonly type: 'done' | 'finished'; readonly audit: AuditRecord }
  | { readonly type: 'already'; readonly found: Found }
  | { readonly type: 'declined' };

/**
 * Makes it so, or finishes what was interrupted.
 *
 * @throws LockedError if the node runs.
 * @throws ServiceError with the code USAGE if the cluster needs another name, STATE_LOST or IO_FAILED.
 * @throws QuorateError of the storage, or CORRUPT, INVALID_ARGUMENT.
 */
export async function forceNewCluster(options: ForceOptions): Promise<ForceEnding> {
  const { folder, cluster, afterStep } = options;
  // A folder that is not ours is not even locked.
  if (!(await isDecided(folder))) await memoryOf(folder);
  const unlock = await folder.lock();
  try {
    const finished = await settle(folder, afterStep);
    const { settings } = await memoryOf(folder);
    if (finished?.command === commandName && settings.cluster === cluster) {
      return { type: 'finished', audit: finished };
    }
    return await run(options, settings);
  } finally {
    await unlock();
  }
}

/** How it is called in the audit record. */
const commandName = 'force-new-cluster';

async function run(options: ForceOptions, settings: Settings): Promise<ForceEnding> {
  const { folder, cluster, confirm, now = () => new Date(), afterStep = () => undefined } = options;
  const { node, cluster: oldCluster, algorithm: algorithmName, storage: storageName } = settings;
  const address = settings.advertise ?? settings.listen;
  if (
    node === undefined ||
    oldCluster === undefined ||
    algorithmName === undefined ||
    storageName === undefined ||
    address === undefined
  ) {
    throw new CorruptError(
      `${folder.path}/node.json does not say everything; put back a good copy`,
    );
  }
  const part = storageNamed(storageName);
  if (!part.durable || !(await folder.hasLog())) {
    throw serviceError(
      'STATE_LOST',
      `${folder.path} holds no log: there is nothing to go on from; use the folder of another node`,
    );
  }
  const member = { id: node, address };
  const oldOwner = { cluster: oldCluster, node, algorithm: algorithmName };
  return algorithmNamed(algorithmName)(async (algorithm) => {
    const old = await part.create(folder.logPath);
    try {
      const recovered = await old.open(oldOwner);
      const found: Found = {
        cluster: oldCluster,
        algorithm: algorithmName,
        member,
        survey: surveyOf(algorithm, node, recovered),
      };
      if (oldCluster === cluster) return already(found);
      if (!(await confirm(found))) return { type: 'declined' };
      await afterStep('old storage open');
      const owner = { ...oldOwner, cluster };
      const fresh = await part.create(folder.newLogPath);
      let copied: number;
      try {
        await fresh.open(owner);
        await afterStep('new storage open');
        copied = await copyAsSoleVoter({ algorithm, from: old, recovered, to: fresh, member });
        await afterStep('copied');
      } finally {
        await fresh.close();
      }
      const survey = await checked(await part.create(folder.newLogPath), algorithm, owner, found);
      await afterStep('checked');
      const time = now();
      const before = `log.before-${time.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
      const audit = auditRecord(commandName, time, {
        node,
        old: { cluster: oldCluster, algorithm: algorithmName, ...surveyToJson(found.survey) },
        new: { cluster, ...surveyToJson(survey) },
        kept: { entries: copied, snapshot: found.survey.snapshot ?? null },
        oldLog: before,
      });
      await old.close();
      await succeed(
        folder,
        { settings: { ...settings, cluster, members: [member] }, before, audit },
        afterStep,
      );
      return { type: 'done', audit };
    } finally {
      await old.close();
    }
  });
}

/** It may have been done a moment ago; or long ago, and the new cluster has lost its members too. */
function already(found: Found): ForceEnding {
  const ids = memberIds(found.survey.membership);
  if (ids.length === 1 && ids[0] === found.member.id) return { type: 'already', found };
  throw usageError(
    `${found.member.id} belongs to the cluster ${JSON.stringify(found.cluster)}: the new one needs another --cluster name, ` +
      'so that members of this one that come back are kept from it',
  );
}

/** Opens the copy as a start would, and looks whether it is what it should be. */
async function checked<Message>(
  storage: Storage,
  algorithm: Algorithm<Message>,
  owner: StorageOwner,
  { member, survey: old }: Found,
): Promise<Survey> {
  try {
    const survey = surveyOf(algorithm, owner.node, await storage.open(owner));
    const ids = memberIds(survey.membership);
    const isGood =
      survey.lastIndex === old.lastIndex &&
      survey.snapshot?.index === old.snapshot?.index &&
      survey.snapshot?.checksum === old.snapshot?.checksum &&
      survey.epoch > old.epoch &&
      ids.length === 1 &&
      ids[0] === member.id;
    if (!isGood) {
      throw new CorruptError(
        `the copy in ${member.id} is not what it should be: ${JSON.stringify(surveyToJson(survey))}; nothing was changed, please report it`,
      );
    }
    return survey;
  } finally {
    await storage.close();
  }
}

async function memoryOf(folder: DataFolder): Promise<Memory> {
  const memory = await folder.recall();
  if (memory?.joined === true) return memory;
  throw new InvalidArgumentError(
    `${folder.path} holds no node that has ever been in a group; name the one to go on from with --node and --data`,
  );
}
