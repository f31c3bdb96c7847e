/**
 * What can be set about a node, wherever it comes from: flags, a config file, or what the node
 * remembers in its data folder. The file and the memory are the same JSON, read by the same code.
 */
import {
  checkName,
  describeError,
  InvalidArgumentError,
  type Member,
  membershipOf,
  type NodeId,
} from '@quorate/core';
import { objectOf, stringOf } from '../json.ts';
import { isLogLevel, type LogLevel, logLevels } from '../log-level.ts';
import { formatAddress, parseAddress } from './address.ts';

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

/**
 * Members out of `n1=host:port,n2=host:port`.
 *
 * @throws InvalidArgumentError if the text is not of that form.
 */
export function membersOfText(text: string, what: string): readonly Member[] {
  return checkMembers(
    text.split(',').map((item) => memberOfText(item, what)),
    what,
  );
}

/**
 * One member out of `n1=host:port`.
 *
 * @throws InvalidArgumentError if the text is not of that form.
 */
export function memberOfText(text: string, what: string): Member & { readonly address: string } {
  const at = text.indexOf('=');
  if (at < 0) {
    throw new InvalidArgumentError(
      `${what} must be NODE=HOST:PORT, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  const address = text.slice(at + 1);
  parseAddress(address, what);
  return { id: checkName(text.slice(0, at), what), address };
}

/** `n1=host:port,n2=host:port`. */
export function formatMembers(members: readonly Member[]): string {
  return members.map(({ id, address }) => `${id}=${address ?? ''}`).join(',');
}

/** @throws InvalidArgumentError if the value can name nothing. */
export function nameSetting(value: unknown, what: string): string {
  return checkName(stringOf(value, what), what);
}

function addressSetting(value: unknown, what: string): string {
  return formatAddress(parseAddress(stringOf(value, what), what));
}

function logLevelSetting(value: unknown, what: string): LogLevel {
  const level = stringOf(value, what);
  if (isLogLevel(level)) return level;
  throw new InvalidArgumentError(`${what} must be one of ${logLevels.join(', ')}`);
}

function membersSetting(value: unknown, what: string): readonly Member[] {
  if (typeof value === 'string') return membersOfText(value, what);
  const entries = Object.entries(objectOf(value, what));
  return checkMembers(
    entries.map(([id, address]) => memberOfText(`${id}=${stringOf(address, what)}`, what)),
    what,
  );
}

function checkMembers(members: readonly Member[], what: string): readonly Member[] {
  if (members.length === 0) return [];
  try {
    return membershipOf(members).voters;
  } catch (cause) {
    throw new InvalidArgumentError(`${what}: ${describeError(cause)}`, { cause });
  }
}
