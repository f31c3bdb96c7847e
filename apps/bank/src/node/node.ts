/**
 * One node of a bank: an algorithm, a storage, a transport and the ledger, composed from a configuration,
 * with a server of clients in front. Composition only; every decision is made in the parts.
 */
import { type ClientServer, serveClients } from '@quorate/client/server';
import { beyondLoopback } from '@quorate/connections';
import { clientPolicy } from '@quorate/connections/access';
import { type Logger, silentLogger, systemRuntime, TransportFailedError } from '@quorate/core';
import {
  type LedgerAnswer,
  type LedgerCommand,
  ledgerMachine,
  type LedgerQuery,
  type LedgerResult,
} from '@quorate/machine-ledger';
import { openReplica, type Replica } from '@quorate/replica';
import { type TcpLinks, tcpLinks, tcpTransport } from '@quorate/transport-tcp';
import { bankError } from '../errors.ts';
import type { NodeConfig } from './config.ts';
import { NodeFolder } from './folder.ts';
import { algorithmNamed, storageNamed } from './parts.ts';

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
 * @throws BankError with the code USAGE, STATE_LOST or INSECURE.
 * @throws QuorateError of the parts: TRANSPORT_FAILED for a busy port, CORRUPT, FOREIGN_DATA, LOCKED, …
 */
export async function startNode(
  config: NodeConfig,
  logger: Logger = silentLogger,
): Promise<RunningNode> {
  const algorithm = await algorithmNamed(config.algorithm)();
  const chosen = storageNamed(config.storage);
  const links = clientLinksOf(config, logger);
  const { tls } = config;
  const folder = new NodeFolder(config.data, config.node);
  await folder.refuseLostState(chosen.durable);
  const advertise = config.members.find(({ id }) => id === config.node)?.address ?? '';
  const listen = config.listen ?? advertise;
  const replica = await openReplica({
    node: config.node,
    cluster: config.cluster,
    members: config.members,
    algorithm,
    storage: await chosen.create(folder.log),
    transport: tcpTransport({ listen, advertise, logger, ...(tls === undefined ? {} : { tls }) }),
    machine: ledgerMachine({ runtime: systemRuntime }),
    limits: { executeTimeoutMs: timeoutMs, queryTimeoutMs: timeoutMs },
    logger,
  }).catch((error: unknown) => {
    throw withFlag(error, '--listen');
  });
  try {
    await folder.markJoined();
    const server = await serve(replica, config.client, links, logger);
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

/** What clients come in by, checked before anything is opened. */
interface ClientLinks {
  readonly links: TcpLinks;
  readonly tokens?: readonly string[];
}

/** @throws BankError with the code INSECURE if tokens could be read on their way. */
function clientLinksOf(config: NodeConfig, logger: Logger): ClientLinks {
  const { tls, client } = config;
  const { clientCertificates, tokens } = clientPolicy(config);
  const links = tcpLinks(tls === undefined ? { logger } : { tls, clientCertificates, logger });
  if (tokens === undefined) return { links };
  if (tls === undefined && beyondLoopback([client]) !== undefined) {
    throw bankError(
      'INSECURE',
      `tokens would be readable on their way to ${client}: without TLS only an address of loopback takes them; ` +
        'pass --tls-ca, --tls-cert and --tls-key, or --client 127.0.0.1:PORT',
    );
  }
  return { links, tokens };
}

async function serve(
  { service }: LedgerReplica,
  listen: string,
  links: ClientLinks,
  logger: Logger,
): Promise<ClientServer> {
  try {
    return await serveClients({ service, ...links, listen, logger });
  } catch (error) {
    throw withFlag(error, '--client');
  }
}

/** Says which flag chooses another port. */
function withFlag(error: unknown, flag: string): unknown {
  return error instanceof TransportFailedError
    ? new TransportFailedError(`${error.message} (${flag})`, { cause: error })
    : error;
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
