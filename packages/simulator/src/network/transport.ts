/** The transport of one life of a node, on the simulated network. */
import { concatBytes, type NodeId, TooLargeError, type Transport, totalBytes } from '@quorate/core';
import type { Owner, Schedule } from '../world/schedule.ts';
import type { Network } from './network.ts';

/** What a transport is made of. */
export interface TransportParts {
  readonly network: Network;
  readonly schedule: Schedule;
  readonly owner: Owner;
  readonly maxFrameBytes: number;
}

/** Makes the transport of a node. */
export function makeTransport(parts: TransportParts): Transport {
  const { network, schedule, owner, maxFrameBytes } = parts;
  let self: NodeId | undefined;
  return {
    maxFrameBytes,
    address: undefined,
    start: async ({ node, receive }) => {
      self = node;
      if (owner.ended) return;
      network.attach(node, (from, frame) => {
        // A process that is stopped finds its frames when it goes on.
        if (owner.pausedUntil <= schedule.now) receive(from, frame);
        else {
          schedule.after(0, owner, () => {
            receive(from, frame);
          });
        }
      });
      await Promise.resolve();
    },
    // Names are all it takes to reach somebody.
    setPeers: () => undefined,
    send: (to, frameParts) => {
      const bytes = totalBytes(frameParts);
      if (bytes > maxFrameBytes) {
        throw new TooLargeError(
          `a frame of ${String(bytes)} bytes is over the limit of ${String(maxFrameBytes)}`,
        );
      }
      if (self !== undefined && !owner.ended) network.send(self, to, copyOf(frameParts));
    },
    close: async () => {
      if (self !== undefined && !owner.ended) network.attach(self, undefined);
      await Promise.resolve();
    },
  };
}

/** The bytes that were given stay the sender's; those that arrive are the receiver's. */
function copyOf(parts: readonly Uint8Array[]): Uint8Array {
  const whole = concatBytes(parts);
  return parts.length === 1 ? whole.slice() : whole;
}
