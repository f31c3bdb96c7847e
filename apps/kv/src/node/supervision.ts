/**
 * What a supervised node tells the process that started it, over the channel between the two.
 */
import { integerOf, objectOf, stringOf } from '../json.ts';

/** Message of a child to its supervisor. */
export type ChildMessage =
  | { readonly type: 'serving'; readonly pid: number }
  /** It cannot start, or not go on; it ends by itself after that. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** Sends to the supervisor, and waits until it is sent; does nothing without one. */
export function tellSupervisor(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    // A supervisor that is gone is noticed by the closed channel, not here.
    else
      process.send(message, undefined, undefined, () => {
        resolve();
      });
  });
}

/**
 * Reads a message of a child.
 *
 * @throws InvalidArgumentError if it is none: then the child is another version of the program.
 */
export function childMessageOf(value: unknown): ChildMessage {
  const what = 'the message of a node';
  const { type, pid, code, message } = objectOf(value, what);
  return type === 'serving'
    ? { type, pid: integerOf(pid, what, 1) }
    : { type: 'failed', code: stringOf(code, what), message: stringOf(message, what) };
}
