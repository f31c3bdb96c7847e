/**
 * What a node that a demo runs tells it, over the channel between the two processes.
 */

/** Message of a node to the demo. */
export type NodeMessage =
  | { readonly type: 'serving' }
  /** It cannot start, or not go on; it ends by itself after that. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** Sends to the demo, and waits until it is sent. */
export function tellDemo(message: NodeMessage): Promise<void> {
  return new Promise((resolve) => {
    // A demo that is gone is noticed by the closed channel, not here.
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

/** Reads a message of a node; whatever is none says that the node has failed. */
export function nodeMessageOf(value: unknown): NodeMessage {
  const { type, code, message } = Object(value) as Readonly<Record<string, unknown>>;
  if (type === 'serving') return { type };
  return typeof code === 'string' && typeof message === 'string'
    ? { type: 'failed', code, message }
    : { type: 'failed', code: 'UNKNOWN', message: 'it said what this version does not know' };
}
