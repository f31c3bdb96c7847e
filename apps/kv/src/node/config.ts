/**
 * From settings to the configuration of one node: flags before the config file before what the node
 * remembers before defaults. What a group has agreed on at its start is never changed by a flag.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { memberTls, type TlsFiles } from '@quorate/connections/access';
import type { ClientCertificates, TlsOptions } from '@quorate/connections/node';
import { describeError, ForeignDataError, InvalidArgumentError, type Member } from '@quorate/core';
import { formatMembers, type LogLevel, usageError } from '@quorate/program';
import { serviceError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Memory } from './data-folder.ts';
import { type Settings, settingsOfJson } from './settings.ts';

/** Everything that one node needs to know. */
export interface NodeConfig {
  readonly node: string;
  /** Absolute path of the folder of all nodes. */
  readonly data: string;
  readonly cluster: string;
  readonly listen: string;
  readonly advertise: string;
  readonly http: string;
  readonly client: string;
  readonly members: readonly Member[];
  readonly algorithm: string;
  readonly storage: string;
  readonly logLevel: LogLevel;
  /** Absolute paths. `undefined`: plain text at all ports. */
  readonly tls?: TlsOptions;
  /** @default as `clientPolicy` has it */
  readonly clientCertificates?: ClientCertificates;
  /** Absolute path of the file of tokens. `undefined`: none is asked for. */
  readonly clientTokens?: string;
  /** @default any name, and on loopback none */
  readonly httpHosts?: readonly string[];
  /** @default none */
  readonly httpOrigins?: readonly string[];
}

/** What holds where nobody says otherwise. */
export const defaultSettings: Required<
  Pick<Settings, 'cluster' | 'http' | 'client' | 'algorithm' | 'storage' | 'logLevel'>
> = {
  cluster: 'quorate',
  http: '127.0.0.1:7401',
  client: '127.0.0.1:7501',
  algorithm: 'raft',
  storage: 'file',
  logLevel: 'info',
};

/**
 * Reads a config file: a JSON object with any of the fields of {@link Settings}.
 *
 * @throws ServiceError with the code IO_FAILED if it cannot be read.
 * @throws MalformedError | InvalidArgumentError if its content is wrong.
 */
export async function readConfigFile(path: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw serviceError(
      'IO_FAILED',
      `cannot read the config file ${path}: ${describeError(cause)}; check --config`,
      { cause },
    );
  }
  return settingsOfJson(parseJson(text, path), path);
}

/**
 * The configuration to run with.
 *
 * @param given flags over the config file; `node` and `data` must be among them.
 * @param memory what the node remembers; `undefined` at its first start.
 * @throws ForeignDataError if the data belongs to another cluster, algorithm or storage.
 * @throws InvalidArgumentError if other members are given than the group started with.
 * @throws ServiceError with the code USAGE if something is missing.
 */
export function resolveConfig(given: Settings, memory: Memory | undefined): NodeConfig {
  const { node, data } = given;
  if (node === undefined) throw usageError('which node? Name it with --node, such as --node n1');
  if (data === undefined) throw usageError('where does its data lie? Name a folder with --data');
  // Before that nobody counts on the node, and a first start that failed may be mended.
  if (memory?.joined === true) refuseOtherGroup(given, memory.settings, `${data}/${node}`);
  const { members, listen, advertise, tlsCa, tlsCert, tlsKey, ...known } = mergeSettings(
    { ...defaultSettings, ...memory?.settings },
    given,
  );
  if (members === undefined) {
    throw usageError(
      `${node} has no data in ${data} yet: name the group with --members n1=HOST:PORT,n2=HOST:PORT,… ` +
        '(the same on each of its nodes), or pass --join if it is going to be added to a running group',
    );
  }
  const own = members.find(({ id }) => id === node);
  if (members.length > 0 && own === undefined) {
    throw usageError(
      `${node} is not among --members ${formatMembers(members)}; to add it to a group that runs, pass --join instead`,
    );
  }
  const where = listen ?? own?.address;
  if (where === undefined)
    throw usageError('where do other nodes reach it? Pass --listen HOST:PORT');
  const tls = tlsOf({ tlsCa, tlsCert, tlsKey });
  return {
    ...known,
    node,
    data: resolve(data),
    members,
    listen: where,
    advertise: advertise ?? own?.address ?? where,
    ...(tls !== undefined && { tls }),
    ...(known.clientTokens !== undefined && { clientTokens: resolve(known.clientTokens) }),
  };
}

/** What a node does without where it is not set. */
const forgettable: ReadonlySet<string> = new Set<keyof Settings>([
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'clientTokens',
  'httpHosts',
  'httpOrigins',
]);

/** What is empty says that what was remembered holds no longer: `--client-tokens ''`. */
function mergeSettings<Base extends Settings>(base: Base, given: Settings): Base & Settings {
  const isEmpty = (value: unknown): boolean =>
    value === '' || (Array.isArray(value) && value.length === 0);
  const merged = Object.entries({ ...base, ...given }).filter(
    ([name, value]) => !forgettable.has(name) || !isEmpty(value),
  );
  return Object.fromEntries(merged) as unknown as Base & Settings;
}

/** @throws ServiceError with the code USAGE if only some of the files are named. */
function tlsOf(files: TlsFiles): TlsOptions | undefined {
  try {
    return memberTls(files);
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}

/** What is worth remembering of a configuration. */
export function settingsToRemember(config: NodeConfig): Settings {
  const { data: _data, logLevel: _logLevel, tls, ...settings } = config;
  return {
    ...settings,
    ...(tls !== undefined && { tlsCa: tls.ca, tlsCert: tls.cert, tlsKey: tls.key }),
  };
}

function refuseOtherGroup(given: Settings, remembered: Settings, path: string): void {
  for (const name of ['cluster', 'algorithm', 'storage'] as const) {
    const [wanted, had] = [given[name], remembered[name]];
    if (wanted === undefined || had === undefined || wanted === had) continue;
    throw new ForeignDataError(
      `${path} holds data of the ${name} ${JSON.stringify(had)}, not ${JSON.stringify(wanted)}; ` +
        `leave --${name} away, or choose another folder with --data`,
    );
  }
  const [wanted, had] = [given.members, remembered.members];
  if (wanted === undefined || had === undefined) return;
  if (formatMembers(wanted) !== formatMembers(had)) {
    throw new InvalidArgumentError(
      `${path} belongs to a group that started with ${formatMembers(had) || 'members that were there before it'}; ` +
        'leave --members and --join away, and change a running group with `quorate-kv members`',
    );
  }
}
