/**
 * The knobs of the engine, their defaults and their bounds.
 */
import {
  checkPositive,
  type EngineOptions,
  type EngineSettings,
  engineSettingsOf,
} from '@quorate/core/engines';

/** Options of {@link raft}; equal on all nodes of a group where they concern time. */
export interface RaftOptions extends EngineOptions {
  /**
   * Most messages with records on the way to one follower.
   *
   * @default 256
   */
  readonly maxInflightMessages?: number;
}

/** Options with nothing left open. */
export interface RaftSettings extends EngineSettings {
  readonly maxInflightMessages: number;
}

/**
 * Fills in the defaults.
 *
 * @throws InvalidArgumentError if an option can never work.
 */
export function settingsOf(options: RaftOptions): RaftSettings {
  const { maxInflightMessages = 256 } = options;
  checkPositive('maxInflightMessages', maxInflightMessages);
  return { ...engineSettingsOf(options), maxInflightMessages };
}
