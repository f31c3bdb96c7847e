/**
 * From settings to a node that serves: what it remembers, what is to be, and the start.
 */
import { resolve } from 'node:path';
import { type Logger, silentLogger } from '@quorate/core';
import type { AuditRecord } from '../recovery/audit.ts';
import { isDecided, settle } from '../recovery/succession.ts';
import { type NodeConfig, resolveConfig } from './config.ts';
import { DataFolder } from './data-folder.ts';
import { type RunningNode, startNode } from './node.ts';
import type { Settings } from './settings.ts';

/**
 * Starts a node. What it was told once it remembers in its data folder, so that `node` and `data`
 * are enough from the second start on.
 *
 * @param settings `node` and `data` at least; at the first start the `members` too.
 * @param loggerOf makes the logger, knowing the whole configuration. @default silent
 * @throws ServiceError with the code USAGE, BUSY_PORT, STATE_LOST or IO_FAILED.
 * @throws QuorateError: CORRUPT, FOREIGN_DATA, LOCKED, INVALID_ARGUMENT, …
 */
export async function openNode(
  settings: Settings,
  loggerOf: (config: NodeConfig) => Logger = () => silentLogger,
): Promise<RunningNode> {
  const { node, data } = settings;
  // Where one of the two is missing, resolveConfig says so.
  const known =
    node === undefined || data === undefined ? undefined : new DataFolder(resolve(data), node);
  const finished = known && (await finishDecided(known));
  const memory = await known?.recall();
  const config = resolveConfig(settings, memory);
  const folder = new DataFolder(config.data, config.node);
  const logger = loggerOf(config);
  if (finished !== undefined) {
    logger.warn('finished what had been interrupted', { command: finished.command });
  }
  return startNode({ config, folder, memory, logger });
}

/** Disaster recovery that was decided, and interrupted then, goes first. */
async function finishDecided(folder: DataFolder): Promise<AuditRecord | undefined> {
  if (!(await isDecided(folder))) return undefined;
  const unlock = await folder.lock();
  try {
    return await settle(folder);
  } finally {
    await unlock();
  }
}
