/**
 * One node of a bank: an algorithm, a storage, a transport and the ledger, composed from a configuration,
 * with a server of clients in front. Composition only; every decision is made in the parts.
 */
import { serveClients } from '@quorate/client/server';
import { type Logger, silentLogger, systemRuntime } from '@quorate/core';
import {
  type LedgerAnswer,
  type LedgerCommand,
  ledgerMachine,
  type LedgerQuery,
  type LedgerResult,
} from '@quorate/machine-ledger';
import { algorithmNamed, storageNamed } from '@quorate/program';
import { explainListening, nodeAccess } from '@quorate/program/node';
import { openReplica, type Replica } from '@quorate/replica';
import { tcpTransport } from '@quorate/transport-tcp';
import type { NodeConfig } from './config.ts';
import { NodeFolder } from './folder.ts';

/** A replica of a ledger. */
export type LedgerReplica = Replica<LedgerCommand, LedgerResult, LedgerQuery, LedgerAnswer>;

/** A node that serves. */
export interface RunningNode {
  readonly config: NodeConfig;
  readonly replica: LedgerReplica;
  /** Where clients reach it. */
  readonly client: string;
  /** Rejects with what is wrong when the node can go on no longer; it must be closed then. */
  readonly failed: Promise<never>;
  /** Answers what is under way, hands leadership over, closes everything. */
  close(): Promise<void>;
}

/**
 * When whoever waits is told that there is no leader, or that the outcome is unknown; clients go on trying
 * by themselves. An election takes a second or two.
 */
const timeoutMs = 5_000;

/**
 * Starts a node, or leaves nothing running.
 *
 * @throws BankError with the code USAGE, BUSY_PORT, STATE_LOST or INSECURE, or what is wrong with the node's
 *   certificate.
 * @throws QuorateError of the parts: CORRUPT, FOREIGN_DATA, LOCKED, …
 */
export async function startNode(
  config: NodeConfig,
  logger: Logger = silentLogger,
): Promise<RunningNode> {
  const withAlgorithm = algorithmNamed(config.algorithm);
  const chosen = storageNamed(config.storage);
  const { links, tokens } = nodeAccess(config, [config.client], logger);
  const { tls } = config;
  const folder = new NodeFolder(config.data, config.node);
  await folder.refuseLostState(chosen.durable);
  const advertise = config.members.find(({ id }) => id === config.node)?.address ?? '';
  const listen = config.listen ?? advertise;
  const storage = await chosen.create(folder.log);
  const replica = await withAlgorithm((algorithm) =>
    openReplica({
      node: config.node,
      cluster: config.cluster,
      members: config.members,
      algorithm,
      storage,
      transport: tcpTransport({ listen, advertise, logger, ...(tls === undefined ? {} : { tls }) }),
      machine: ledgerMachine({ runtime: systemRuntime }),
      limits: { executeTimeoutMs: timeoutMs, queryTimeoutMs: timeoutMs },
      logger,
    }),
  ).catch((error: unknown) => {
    throw explainListening(error, listen, '--listen');
  });
  try {
    await folder.markJoined();
    const server = await serveClients({
      service: replica.service,
      links,
      listen: config.client,
      logger,
      ...(tokens !== undefined && { tokens }),
    }).catch((error: unknown) => {
      throw explainListening(error, config.client, '--client');
    });
    return {
      config,
      replica,
      client: server.address,
      failed: failureOf(replica),
      close: async () => {
        // First those who ask, so that they hear their answers and then look elsewhere.
        await server.close();
        await replica.close();
      },
    };
  } catch (error) {
    await replica.close();
    throw error;
  }
}

function failureOf(replica: LedgerReplica): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    replica.on((event) => {
      if (event.type === 'failed') reject(event.error);
    });
  });
  // Whoever runs the node waits for it; a program that does not still has the log line.
  failed.catch(() => undefined);
  return failed;
}
