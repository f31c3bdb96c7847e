/**
 * Runs one node as a program: from flags to the first output, until it is told to end or fails.
 */
import { type LogLevel, writeJson, writeLine } from '@quorate/program';
import { createLogger, serveUntilEnd } from '@quorate/program/node';
import { configOf, type NodeFlags } from './config.ts';
import { type RunningNode, startNode } from './node.ts';

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
  const start = async (): Promise<RunningNode> => {
    const config = configOf(flags);
    const { logLevel: level, json, node } = flags;
    const logger = createLogger({ level, json, fields: { node } });
    const running = await startNode(config, logger);
    if (config.storage === 'memory') {
      logger.warn('storage is memory: this node cannot be started again once it has ended');
    }
    return running;
  };
  await serveUntilEnd(flags.supervised, start, (node) => announce(node, flags));
}

async function announce(node: RunningNode, flags: ServeFlags): Promise<void> {
  const { config, client } = node;
  if (flags.json) return writeJson({ node: config.node, pid: process.pid, client });
  return writeLine(
    `${config.node} serves clients at ${client} (${config.algorithm}, ${config.storage}), pid ${String(process.pid)}; Ctrl-C ends it`,
  );
}
