/**
 * One node: an algorithm, a storage, a transport and the map, composed from a configuration, with
 * HTTP and the clients in front. Composition only; every decision is made in the parts.
 */
import { allMembers, LockedError, type Logger, type Membership, type NodeId } from '@quorate/core';
import { type ClientServer, serveClients } from '@quorate/client/server';
import {
  type KvAnswer,
  type KvCommand,
  kvMachine,
  type KvQuery,
  type KvResult,
  maxValueBytes,
} from '@quorate/machine-kv';
import { addressOf, algorithmNamed, storageNamed } from '@quorate/program';
import { checkFree, explainListening, nodeAccess } from '@quorate/program/node';
import { openReplica, type Replica } from '@quorate/replica';
import { tcpTransport } from '@quorate/transport-tcp';
import { Backups } from '../backup/source.ts';
import { serviceError } from '../errors.ts';
import type { KvReplica } from '../http/context.ts';
import { defaultHttpLimits } from '../http/limits.ts';
import { createHandler } from '../http/routes.ts';
import { type Handler, HttpServer } from '../http/server.ts';
import { createMetrics } from '../metrics.ts';
import { settle } from '../recovery/succession.ts';
import { version } from '../version.ts';
import { httpAccessOf } from './access.ts';
import { type NodeConfig, settingsToRemember } from './config.ts';
import type { DataFolder, Memory } from './data-folder.ts';

/** A node that serves. */
export interface RunningNode {
  readonly config: NodeConfig;
  readonly replica: KvReplica;
  /** Base address of its HTTP side. */
  readonly http: string;
  /** Where it serves those that use `@quorate/client`, `host:port`. */
  readonly client: string;
  /** Rejects with what is wrong when the node can go on no longer; it must be closed then. */
  readonly failed: Promise<never>;
  /** Hands leadership over, answers what is under way, closes everything. Idempotent. */
  close(): Promise<void>;
}

/** What `startNode` needs. */
export interface StartOptions {
  readonly config: NodeConfig;
  readonly folder: DataFolder;
  /** What the node remembered before this start. */
  readonly memory: Memory | undefined;
  readonly logger: Logger;
}

/** Room for the largest value with its key, or for as much in a transaction of many. */
const maxCommandBytes = 2 * maxValueBytes;
/**
 * When whoever waits is told that there is no leader, or that the outcome is unknown. An election
 * takes a second or two; a client should hear before it gives up by itself.
 */
const timeoutMs = 5_000;
/** Answers under way when a node closes have this long to get out. */
const closeGraceMs = 5_000;

/**
 * Starts a node, or leaves nothing behind.
 *
 * @throws ServiceError with the code BUSY_PORT, STATE_LOST, IO_FAILED, INSECURE or USAGE, or what is wrong with
 *   the node's certificate.
 * @throws QuorateError of the storage (CORRUPT, FOREIGN_DATA, LOCKED, …).
 */
export async function startNode(options: StartOptions): Promise<RunningNode> {
  const { config, folder, memory, logger } = options;
  const withAlgorithm = algorithmNamed(config.algorithm);
  const chosen = storageNamed(config.storage);
  const joined = memory?.joined ?? false;
  if (joined) await refuseLostState(folder, chosen.durable);

  const { tls } = config;
  const access = nodeAccess(config, [config.http, config.client], logger);
  const { links, tokens } = access;

  // The ports come first: a second start of the same node ends here, before it touches any data.
  let handler: Handler = starting;
  const server = new HttpServer({
    address: addressOf(config.http, 'http'),
    limits: defaultHttpLimits,
    access: httpAccessOf(config, access),
    handler: (request) => handler(request),
    logger,
  });
  await server.listen();
  let unlock = (): Promise<void> => Promise.resolve();
  try {
    // Clients can be served only when there is a replica; by then much would have to be undone.
    await checkFree(addressOf(config.client, 'client'), '--client');
    unlock = await folder.lock();
    // What an attempt at disaster recovery may have left behind.
    await settle(folder);
    await refuseChanged(folder, memory);
    await folder.remember({ joined, settings: settingsToRemember(config) });
    const storage = await chosen.create(folder.logPath);
    const { listen, advertise } = config;
    const transport = tcpTransport({
      listen,
      advertise,
      logger,
      ...(tls !== undefined && { tls }),
    });
    const replica = await withAlgorithm((algorithm) =>
      openReplica({
        node: config.node,
        cluster: config.cluster,
        members: config.members,
        algorithm,
        storage,
        transport,
        machine: kvMachine(),
        limits: { maxCommandBytes, executeTimeoutMs: timeoutMs, queryTimeoutMs: timeoutMs },
        logger,
      }),
    ).catch((error: unknown) => {
      throw explainListening(error, listen, '--listen');
    });
    const failed = failureOf(replica, config.node, logger);
    let clients: ClientServer | undefined;
    const { algorithm: name, storage: storageName, client } = config;
    const http = `${tls === undefined ? 'http' : 'https'}://${config.http}`;
    handler = createHandler({
      replica,
      backups: new Backups({ replica, snapshots: storage.snapshots, algorithm: name }),
      facts: { algorithm: name, storage: storageName, version, http, client, peer: advertise },
      metrics: createMetrics(replica, {
        http: () => server.load,
        clients: () => ({ connected: clients?.clients ?? 0 }),
        tcp: () => transport.counters,
        [config.storage]: () => storage.counters,
      }),
      limits: defaultHttpLimits,
    });
    const close = once(async () => {
      try {
        // Clients hand in again, at another node, what this one leaves without an answer.
        await clients?.close();
        // Together: no new request comes in while the replica hands leadership over and answers
        // those that wait; and every answer has its time to get out.
        await Promise.all([replica.close(), server.close(closeGraceMs)]);
      } finally {
        await unlock();
      }
    });
    try {
      // From now on the others may count on what this node has promised: see refuseLostState.
      if (!joined) await folder.remember({ joined: true, settings: settingsToRemember(config) });
      clients = await serveClients({
        service: replica.service,
        links,
        listen: client,
        logger,
        ...(tokens !== undefined && { tokens }),
      }).catch((error: unknown) => {
        throw explainListening(error, client, '--client');
      });
    } catch (error) {
      await close();
      throw error;
    }
    return { config, replica, http, client, failed, close };
  } catch (error) {
    await server.close(0);
    await unlock();
    throw error;
  }
}

/** What this start goes by was read before the folder was locked. */
async function refuseChanged(folder: DataFolder, memory: Memory | undefined): Promise<void> {
  const now = await folder.recall();
  if (JSON.stringify(now) === JSON.stringify(memory)) return;
  throw new LockedError(
    `${folder.path} was changed by another command while the node started; start it again`,
  );
}

/**
 * A node that has joined its group must never come back empty under its old name: it would have
 * forgotten votes that it gave and entries that it promised to keep, and the group counts on both.
 */
async function refuseLostState(folder: DataFolder, durable: boolean): Promise<void> {
  if (durable && (await folder.hasLog())) return;
  const what = durable
    ? `${folder.logPath} is gone or empty`
    : 'its storage was memory, which ended with its process';
  throw serviceError(
    'STATE_LOST',
    `${folder.path} belongs to a node that has voted in its group, but ${what}; restore it, or remove ` +
      'the node from the group (`quorate-kv members remove`) and add one with another name. ' +
      `Only when the whole group starts over: delete ${folder.path}`,
  );
}

const starting: Handler = (request) =>
  request.rawPath === '/healthz'
    ? Promise.resolve({ status: 200, headers: {}, body: '{"alive":true,"state":"starting"}\n' })
    : Promise.reject(serviceError('UNAVAILABLE', 'this node is starting; retry in a moment'));

/** Rejects when the log fails. Leaders, snapshots and failures are logged by the log itself. */
function failureOf(
  replica: Pick<Replica<KvCommand, KvResult, KvQuery, KvAnswer>, 'on'>,
  node: NodeId,
  logger: Logger,
): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    replica.on((event) => {
      if (event.type === 'membership') logMembership(event.membership, node, logger);
      if (event.type === 'failed') reject(event.error);
    });
  });
  // Whoever runs the node waits for it; a program that does not still has the log line.
  failed.catch(() => undefined);
  return failed;
}

function logMembership(membership: Membership, node: NodeId, logger: Logger): void {
  const { voters, outgoing, learners } = membership;
  const names = (members: Membership['voters']): string => members.map(({ id }) => id).join(' ');
  logger.info('membership', {
    voters: names(voters),
    ...(outgoing.length > 0 && { outgoing: names(outgoing) }),
    ...(learners.length > 0 && { learners: names(learners) }),
  });
  if (!allMembers(membership).some(({ id }) => id === node)) {
    logger.warn('this node is no member of the group any more: it hears of nothing new; stop it');
  }
}

/** Runs at most once; later calls wait for the same run. */
function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
