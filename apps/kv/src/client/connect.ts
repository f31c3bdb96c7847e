/**
 * A client of the map, over TCP. Loaded by the commands that use one, and by no others.
 */
import { type Client, connect, type Refusal } from '@quorate/client';
import type { TlsTrust } from '@quorate/connections/node';
import type { Logger } from '@quorate/core';
import {
  type KvAnswer,
  type KvCommand,
  type KvEvent,
  kvMachine,
  type KvQuery,
  type KvResult,
  type KvWatch,
} from '@quorate/machine-kv';
import { clientLinks } from '@quorate/program/node';

/** A client of the map. */
export type KvClient = Client<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent>;

/** Options of {@link connectKv}. */
export interface KvClientOptions {
  /** Where nodes serve clients, `host:port`. */
  readonly endpoints: readonly string[];
  /** Deadline of every call. */
  readonly timeoutMs: number;
  /** Nodes of another cluster are not spoken to. @default whichever it is */
  readonly cluster?: string;
  /** Whom to trust, and what to show; without it plain text is spoken. */
  readonly tls?: TlsTrust;
  /** What the nodes let this client in by. */
  readonly token?: string;
  /** Told when no node will have this client. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** Told of the connections that come and go. @default silent */
  readonly logger?: Logger;
}

/**
 * Begins to connect at once.
 *
 * @throws ServiceError with the code INSECURE if the token could be read on its way.
 * @throws InvalidArgumentError for certificates that cannot work.
 */
export function connectKv({ tls, ...options }: KvClientOptions): KvClient {
  return connect({ machine: kvMachine(), links: clientLinks({ tls, ...options }), ...options });
}
