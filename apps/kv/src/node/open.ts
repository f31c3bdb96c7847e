/**
 * From settings to a node that serves: what it remembers, what is to be, and the start.
 */
import { type Logger, silentLogger } from '@quorate/core';
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
  const memory =
    node === undefined || data === undefined
      ? undefined
      : await new DataFolder(data, node).recall();
  const config = resolveConfig(settings, memory);
  const folder = new DataFolder(config.data, config.node);
  return startNode({ config, folder, memory, logger: loggerOf(config) });
}
