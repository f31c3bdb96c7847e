/**
 * Runs one node as a program: from flags to the first output, until it is told to end or fails.
 */
import { isLoopback } from '@quorate/connections';
import { allMembers, describeError, type Logger, silentLogger } from '@quorate/core';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, usageError, writeJson, writeLine } from '@quorate/program';
import { createLogger, serveUntilEnd } from '@quorate/program/node';
import { auditName, readAuditRecords } from '../recovery/audit.ts';
import { type NodeConfig, readConfigFile } from './config.ts';
import type { RunningNode } from './node.ts';
import { openNode } from './open.ts';
import { type Settings, settingsOf } from './settings.ts';

/** Flags of the command. */
export interface ServeFlags extends Settings {
  readonly config?: string;
  readonly join: boolean;
  readonly json: boolean;
  readonly supervised: boolean;
}

/** How long the first output waits for a leader, so that it can name the role. */
const roleWaitMs = 2_000;
const rolePollMs = 25;

/**
 * Serves until the program is told to end.
 *
 * @throws whatever keeps the node from starting or going on; it is closed then.
 */
export async function serve(flags: ServeFlags): Promise<void> {
  let logger = silentLogger;
  const loggerOf = ({ node, logLevel }: NodeConfig): Logger =>
    createLogger({ level: logLevel, json: flags.json, fields: { node } });
  const start = async (): Promise<RunningNode> => {
    const node = await openNode(
      await givenSettings(flags),
      (config) => (logger = loggerOf(config)),
    );
    warn(node, logger);
    await warnOfAudit(node, logger);
    return node;
  };
  await serveUntilEnd(flags.supervised, start, (node) => announce(node, flags));
}

async function givenSettings(flags: ServeFlags): Promise<Settings> {
  if (flags.join && flags.members !== undefined) {
    throw usageError(
      '--join and --members exclude each other: a node that joins learns who the members are',
    );
  }
  const { config, ...values } = flags;
  const fromFile = config === undefined ? {} : await readConfigFile(config);
  try {
    const fromFlags = settingsOf(values, (name) => `--${kebab(name)}`);
    return { ...fromFile, ...fromFlags, ...(flags.join ? { members: [] } : {}) };
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}

async function announce(node: RunningNode, flags: ServeFlags): Promise<void> {
  const { config, http } = node;
  const { client, advertise: peer } = config;
  if (flags.json) {
    await writeJson({ node: config.node, pid: process.pid, http, client, peer });
    return;
  }
  const curl = curlFor(config);
  const restart = `quorate-kv serve --node ${config.node} --data ${config.data}`;
  await writeLine(`
  ${config.node} serves, as ${await roleOf(node)}

    http      ${http}
    clients   ${client}
    peers     ${peer}   cluster ${config.cluster}
    data      ${config.data}/${config.node}   ${config.algorithm}, ${config.storage}
    pid       ${String(process.pid)}

  Try it:
    ${curl} -X PUT --data-binary hello ${http}/v1/kv/greeting
    ${curl} ${http}/v1/kv/greeting
    ${curl} ${http}/v1/status

  Ctrl-C stops it; this starts it again:
    ${restart}
`);
}

/** What has to be said to be let in. */
function curlFor({ tls, clientCertificates, clientTokens }: NodeConfig): string {
  const asks =
    tls !== undefined && (clientCertificates ?? (clientTokens === undefined && 'required'));
  return [
    'curl',
    ...(tls === undefined ? [] : [`--cacert ${tls.ca}`]),
    ...(asks === 'required' ? ['--cert FILE --key FILE'] : []),
    ...(clientTokens === undefined ? [] : ['-H "Authorization: Bearer $QUORATE_TOKEN"']),
  ].join(' ');
}

async function roleOf({ config, replica }: RunningNode): Promise<string> {
  if (allMembers(replica.status.membership).length === 0) {
    return (
      'a node that waits to be added to its group; at any node of the group, NAME:PORT, that is\n' +
      `    quorate-kv members add-learner ${config.node}=${config.advertise} --endpoints NAME:PORT`
    );
  }
  for (const deadline = performance.now() + roleWaitMs; performance.now() < deadline; ) {
    const { role, leader } = replica.status;
    if (role === 'leader') return 'the leader';
    if (leader !== undefined) return `${role} of ${leader}`;
    await sleep(rolePollMs);
  }
  return `${replica.status.role}, with no leader so far: a majority of the group has to run`;
}

function warn({ config, replica }: RunningNode, logger: Logger): void {
  const { tls, clientCertificates, clientTokens } = config;
  const isOpen =
    clientTokens === undefined &&
    (tls === undefined || (clientCertificates !== undefined && clientCertificates !== 'required'));
  for (const name of ['http', 'client'] as const) {
    if (!isOpen || isLoopback(addressOf(config[name], name).host)) continue;
    logger.warn('no authentication: whoever reaches the address can read and write', {
      [name]: config[name],
    });
  }
  const known = allMembers(replica.status.membership).find(({ id }) => id === config.node)?.address;
  if (known !== undefined && known !== config.advertise) {
    logger.warn(
      'the group looks for this node at another address; tell it with `quorate-kv members move`',
      { here: config.advertise, there: known },
    );
  }
  if (config.storage === 'memory') {
    logger.warn('storage is memory: this node cannot be started again once it has ended');
  }
}

/** Whoever looks for what is strange about this group should not have to guess. */
async function warnOfAudit({ config }: RunningNode, logger: Logger): Promise<void> {
  const records = await readAuditRecords(join(config.data, config.node));
  const last = records[records.length - 1];
  if (last === undefined) return;
  logger.warn(`the log of this node was put in its place by hand; see its ${auditName}`, {
    entries: records.length,
    last: last.command,
    at: last.time,
  });
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
