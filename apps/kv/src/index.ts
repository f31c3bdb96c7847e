/**
 * The reference service of Quorate, for programs that bring their own command line: a node of a
 * replicated key-value service, and a small client for its HTTP interface.
 *
 * @packageDocumentation
 */
export { createLogger, type LoggingOptions } from '@quorate/program/node';
export { ServiceError } from './errors.ts';
export type { KvReplica } from './http/context.ts';
export type { KvResponse } from './http-client/attempt.ts';
export type { KvRequest } from './http-client/dialler.ts';
export { HttpKvClient, type HttpKvClientOptions, type SendOptions } from './http-client/client.ts';
export type { NodeConfig } from './node/config.ts';
export type { RunningNode } from './node/node.ts';
export { openNode } from './node/open.ts';
export type { Settings } from './node/settings.ts';
