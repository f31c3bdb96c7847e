/**
 * What a node is told, and the check that it can work.
 */
import { resolve } from 'node:path';
import { formatAddress } from '@quorate/connections/address';
import { clientCertificatesNames, memberTls, type TlsFiles } from '@quorate/connections/access';
import type { ClientCertificates, TlsOptions } from '@quorate/connections/node';
import { checkName, describeError, type Member } from '@quorate/core';
import { addressOf, membersOfText, usageError } from '@quorate/program';

/** One node. */
export interface NodeConfig {
  readonly node: string;
  readonly cluster: string;
  /** Folder of all nodes on this machine; this one lies in a folder of its own there. Absolute. */
  readonly data: string;
  /** Voters of the group, this node among them. What a node with data knows comes before that. */
  readonly members: readonly Member[];
  /** Where it listens for other nodes. @default its own address among the members */
  readonly listen?: string;
  /** Where it serves clients. */
  readonly client: string;
  /** One of `algorithmNames`. */
  readonly algorithm: string;
  /** One of `storageNames`. */
  readonly storage: string;
  /** Absolute paths of PEM files. @default plain text at both ports */
  readonly tls?: TlsOptions;
  /** Whether clients have to show a certificate. @default as `clientPolicy` has it */
  readonly clientCertificates?: ClientCertificates;
  /** Absolute path of the file of tokens that clients are let in by. @default none is asked for */
  readonly clientTokens?: string;
}

/** The flags that say it. */
export interface NodeFlags extends TlsFiles {
  readonly node: string;
  readonly cluster: string;
  readonly data: string;
  readonly members: string;
  readonly listen?: string;
  readonly client: string;
  readonly algorithm: string;
  readonly storage: string;
  readonly clientCertificates?: string;
  readonly clientTokens?: string;
}

/** @throws BankError with the code USAGE, naming the flag. */
export function configOf(flags: NodeFlags): NodeConfig {
  const members = checked('--members', () => membersOfText(flags.members, 'it'));
  const names = members.map(({ id }) => id);
  if (!names.includes(flags.node)) {
    throw usageError(
      `--members must name this node, ${flags.node}, with its address; it has ${names.join(', ')}`,
    );
  }
  return {
    node: flags.node,
    cluster: checked('--cluster', () => checkName(flags.cluster, 'the name')),
    data: resolve(flags.data),
    members,
    ...(flags.listen === undefined ? {} : { listen: where(flags.listen, '--listen') }),
    client: where(flags.client, '--client'),
    algorithm: flags.algorithm,
    storage: flags.storage,
    ...accessOf(flags),
  };
}

function accessOf(
  flags: NodeFlags,
): Pick<NodeConfig, 'tls' | 'clientCertificates' | 'clientTokens'> {
  const { clientCertificates: wanted, clientTokens } = flags;
  const clientCertificates = clientCertificatesNames.find((name) => name === wanted);
  if (wanted !== undefined && clientCertificates === undefined) {
    throw usageError(`--client-certificates takes ${clientCertificatesNames.join(', ')}`);
  }
  let tls: TlsOptions | undefined;
  try {
    tls = memberTls(flags);
  } catch (cause) {
    throw usageError(describeError(cause));
  }
  return {
    ...(tls === undefined ? {} : { tls }),
    ...(clientCertificates === undefined ? {} : { clientCertificates }),
    ...(clientTokens === undefined ? {} : { clientTokens: resolve(clientTokens) }),
  };
}

function where(text: string, flag: string): string {
  return checked(flag, () => formatAddress(addressOf(text, 'it')));
}

function checked<T>(flag: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw usageError(`${flag}: ${describeError(cause)}`);
  }
}
