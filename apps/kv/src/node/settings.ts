/**
 * What can be set about a node, wherever it comes from: flags, a config file, or what the node
 * remembers in its data folder. The file and the memory are the same JSON, read by the same code.
 */
import { formatAddress } from '@quorate/connections/address';
import { checkName, InvalidArgumentError, type Member, type NodeId } from '@quorate/core';
import { clientCertificatesNames } from '@quorate/connections/access';
import type { ClientCertificates } from '@quorate/connections/node';
import {
  addressOf,
  checkMembers,
  isLogLevel,
  type LogLevel,
  logLevels,
  memberOfText,
  membersOfText,
} from '@quorate/program';
import { arrayOf, objectOf, stringOf } from '../json.ts';

/** Every setting; what is absent is taken from the next source. */
export interface Settings {
  readonly node?: NodeId;
  /** Folder that holds one folder a node. */
  readonly data?: string;
  readonly cluster?: string;
  /** Where this node listens for the others, `host:port`. */
  readonly listen?: string;
  /** Where the others reach it, should that differ from `listen`. */
  readonly advertise?: string;
  /** Where this node speaks HTTP, `host:port`. */
  readonly http?: string;
  /** Where this node serves those that use `@quorate/client`, `host:port`. */
  readonly client?: string;
  /** Voters of a new group, equal on all of its nodes; none for a node that is added later. */
  readonly members?: readonly Member[];
  readonly algorithm?: string;
  readonly storage?: string;
  readonly logLevel?: LogLevel;
  /** PEM files of TLS: the authority that is trusted, this node's certificate, its key. All three, or none. */
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** Whether clients, those over HTTP too, have to show a certificate. */
  readonly clientCertificates?: ClientCertificates;
  /** File of the tokens that clients, those over HTTP too, are let in by. */
  readonly clientTokens?: string;
  /** Names by which HTTP may ask for this node. */
  readonly httpHosts?: readonly string[];
  /** Web pages that may ask over HTTP, as `https://example.org`. */
  readonly httpOrigins?: readonly string[];
}

const settingNames: readonly (keyof Settings)[] = [
  'node',
  'data',
  'cluster',
  'listen',
  'advertise',
  'http',
  'client',
  'members',
  'algorithm',
  'storage',
  'logLevel',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'clientCertificates',
  'clientTokens',
  'httpHosts',
  'httpOrigins',
];

/**
 * Settings out of a JSON object with any of the fields of {@link Settings}.
 *
 * @throws InvalidArgumentError naming the field that is wrong.
 */
export function settingsOfJson(value: unknown, what: string): Settings {
  return settingsOf(objectOf(value, what, settingNames), (name) => `${what}: ${name}`);
}

/**
 * Checks raw values, from JSON or from flags. `members` is an object from node to address or a text
 * like `n1=host:port,n2=host:port`.
 *
 * @param nameOf how the user knows a setting: `--http` on the command line.
 * @throws InvalidArgumentError naming the setting that is wrong.
 */
export function settingsOf(
  values: { readonly [Name in keyof Settings]?: unknown },
  nameOf: (name: keyof Settings) => string,
): Settings {
  const read = <T>(
    name: keyof Settings,
    check: (value: unknown, what: string) => T,
  ): T | undefined => (values[name] === undefined ? undefined : check(values[name], nameOf(name)));
  return withoutAbsent<Settings>({
    node: read('node', nameSetting),
    data: read('data', stringOf),
    cluster: read('cluster', nameSetting),
    listen: read('listen', addressSetting),
    advertise: read('advertise', addressSetting),
    http: read('http', addressSetting),
    client: read('client', addressSetting),
    members: read('members', membersSetting),
    algorithm: read('algorithm', stringOf),
    storage: read('storage', stringOf),
    logLevel: read('logLevel', logLevelSetting),
    tlsCa: read('tlsCa', stringOf),
    tlsCert: read('tlsCert', stringOf),
    tlsKey: read('tlsKey', stringOf),
    clientCertificates: read('clientCertificates', clientCertificatesSetting),
    clientTokens: read('clientTokens', stringOf),
    httpHosts: read('httpHosts', hostsSetting),
    httpOrigins: read('httpOrigins', originsSetting),
  });
}

/** Leaves out the fields that are `undefined`, so that a spread does not put them over others. */
export function withoutAbsent<T extends object>(
  fields: {
    readonly [Name in keyof T]-?: T[Name] | undefined;
  },
): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The JSON that {@link settingsOfJson} reads. */
export function settingsToJson(settings: Settings): Record<string, unknown> {
  const { members, ...rest } = settings;
  return members === undefined
    ? rest
    : {
        ...rest,
        members: Object.fromEntries(members.map(({ id, address }) => [id, address ?? ''])),
      };
}

/** @throws InvalidArgumentError if the value can name nothing. */
export function nameSetting(value: unknown, what: string): string {
  return checkName(stringOf(value, what), what);
}

function addressSetting(value: unknown, what: string): string {
  return formatAddress(addressOf(stringOf(value, what), what));
}

function logLevelSetting(value: unknown, what: string): LogLevel {
  const level = stringOf(value, what);
  if (isLogLevel(level)) return level;
  throw new InvalidArgumentError(`${what} must be one of ${logLevels.join(', ')}`);
}

function clientCertificatesSetting(value: unknown, what: string): ClientCertificates {
  const text = stringOf(value, what);
  const found = clientCertificatesNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`${what} must be one of ${clientCertificatesNames.join(', ')}`);
}

function hostsSetting(value: unknown, what: string): readonly string[] {
  return listSetting(value, what).map((host) => {
    // Compared without the port: a name leads to every port of the node.
    if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) return host.toLowerCase();
    throw new InvalidArgumentError(
      `${what} must be a list of host names without ports, such as kv.example.org, got ${JSON.stringify(host.slice(0, 80))}`,
    );
  });
}

function originsSetting(value: unknown, what: string): readonly string[] {
  return listSetting(value, what).map((origin) => {
    // Compared as text, so it has to be written as browsers write it.
    const isOrigin = /^https?:/.test(origin) && URL.canParse(origin);
    if (isOrigin && new URL(origin).origin === origin) return origin;
    throw new InvalidArgumentError(
      `${what} must be a list of origins such as https://example.org or http://localhost:8080, without a path, got ${JSON.stringify(origin.slice(0, 80))}`,
    );
  });
}

/** A list in JSON, or a text with commas; the empty text is the empty list. */
function listSetting(value: unknown, what: string): readonly string[] {
  if (value === '') return [];
  if (typeof value === 'string') return value.split(',').map((item) => item.trim());
  return arrayOf(value, what).map((item) => stringOf(item, what));
}

function membersSetting(value: unknown, what: string): readonly Member[] {
  if (typeof value === 'string') return membersOfText(value, what);
  const entries = Object.entries(objectOf(value, what));
  return checkMembers(
    entries.map(([id, address]) => memberOfText(`${id}=${stringOf(address, what)}`, what)),
    what,
  );
}
