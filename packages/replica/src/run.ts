/**
 * One command, decoded and applied. What a machine refuses is as ordinary as a result, and equal on every
 * replica; whatever else it throws stops the node, for its state can no longer be trusted.
 */
import {
  type ApplyContext,
  type ByteReader,
  CommandRejectedError,
  describeError,
  InvariantError,
  MalformedError,
  type StateMachine,
} from '@quorate/core';

/** A refusal that is a part of the deterministic outcome. */
export class Refusal {
  readonly error: CommandRejectedError;

  constructor(error: CommandRejectedError) {
    this.error = error;
  }
}

/** What is needed of a machine. */
export type Runnable<C, R> = Pick<StateMachine<C, R, never, unknown>, 'commands' | 'apply'>;

/**
 * What the machine makes of the command at the reader, behind which nothing may follow.
 *
 * @throws InvariantError if the machine fails.
 */
export function run<C, R>(
  machine: Runnable<C, R>,
  reader: ByteReader,
  context: ApplyContext,
): R | Refusal {
  let command: C;
  try {
    command = machine.commands.decode(reader);
    reader.end();
  } catch (error) {
    if (error instanceof MalformedError) return new Refusal(undecodable(error));
    throw machineFailed(error, context);
  }
  try {
    return machine.apply(command, context);
  } catch (error) {
    if (error instanceof CommandRejectedError) return new Refusal(error);
    throw machineFailed(error, context);
  }
}

/** What is said of a payload that holds no command. */
export function undecodable(cause: MalformedError): CommandRejectedError {
  return new CommandRejectedError(`the command cannot be decoded: ${cause.message}`, { cause });
}

/** What stops the log. */
export function machineFailed(cause: unknown, { index, position }: ApplyContext): InvariantError {
  return new InvariantError(
    `the state machine failed at index ${index}, command ${position}: ${describeError(cause)}`,
    { cause },
  );
}
