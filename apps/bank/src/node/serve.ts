/**
 * Runs one node as a program: from flags to the first output, until it is told to end or fails.
 */
import { describeError } from '@quorate/core';
import { codeOf, exitCodes } from '../errors.ts';
import { type LogLevel, stderrLogger } from '../logger.ts';
import { writeJson, writeLine } from '../output.ts';
import { waitForEnd } from '../shutdown.ts';
import { configOf, type NodeFlags } from './config.ts';
import { type RunningNode, startNode } from './node.ts';
import { tellDemo } from './supervision.ts';

/** Flags of the command. */
export interface ServeFlags extends NodeFlags {
  readonly logLevel: LogLevel;
  readonly json: boolean;
  /** A demo started it. */
  readonly supervised: boolean;
}

/**
 * Serves until the program is told to end.
 *
 * @throws whatever keeps the node from starting or going on; it is closed then.
 */
export async function serve(flags: ServeFlags): Promise<void> {
  // From the first moment on: a signal during the start must end the node in good order too.
  const ended = waitForEnd(flags.supervised);
  let node: RunningNode | undefined;
  try {
    const logger = stderrLogger(flags.node, flags.logLevel);
    node = await startNode(configOf(flags), logger);
    if (node.config.storage === 'memory') {
      logger.warn('storage is memory: this node cannot be started again once it has ended');
    }
    await announce(node, flags);
    await Promise.race([ended, node.failed]);
    await node.close();
  } catch (error) {
    await node?.close();
    if (!flags.supervised) throw error;
    // The demo tells it to the user; twice would be once too often.
    await tellDemo({ type: 'failed', code: codeOf(error), message: describeError(error) });
    process.exit(exitCodes.failed);
  }
}

async function announce(node: RunningNode, flags: ServeFlags): Promise<void> {
  if (flags.supervised) return tellDemo({ type: 'serving' });
  const { config, client } = node;
  if (flags.json) return writeJson({ node: config.node, pid: process.pid, client });
  return writeLine(
    `${config.node} serves clients at ${client} (${config.algorithm}, ${config.storage}), pid ${String(process.pid)}; Ctrl-C ends it`,
  );
}
