/**
 * The driver: an engine, a storage and a transport become one replicated log.
 *
 * @packageDocumentation
 */
import type { Caller, ReplicatedLog } from '@quorate/core';
import { EngineLog } from './log.ts';
import type { LogOptions } from './options.ts';

export { defaultLimits, type LogLimits, type LogOptions } from './options.ts';

/**
 * Composes a replicated log. Nothing is opened before its `start`.
 *
 * @throws InvalidArgumentError if the options cannot work together.
 */
export function createLog<Message, C extends Caller = Caller>(
  options: LogOptions<Message>,
): ReplicatedLog<C> {
  return new EngineLog<Message, C>(options);
}
