/** The transport passes the suite that every transport must pass, on the BroadcastChannel of Node. */
import { transportSuite } from '@quorate/conformance/transport';
import type { LinkTransport } from '@quorate/connections';
import type { Transport } from '@quorate/core';
import { describe, it } from 'vitest';
import { broadcastTransport } from '../src/index.ts';

let addresses = 0;

transportSuite({
  framework: { describe, it },
  name: 'transport-broadcast',
  create: async () => {
    const made = new Map<Transport, LinkTransport>();
    return {
      transport: ({ node, maxFrameBytes, maxQueuedBytes, address }) => {
        const transport = broadcastTransport({
          listen: address ?? `${node}-${String(++addresses)}`,
          claimMs: 20,
          maxFrameBytes,
          maxQueuedBytes,
          reconnect: { minMs: 5, maxMs: 100 },
        });
        made.set(transport, transport);
        return transport;
      },
      writes: (transport) => made.get(transport)?.counters['socket_writes'] ?? 0,
      remove: async () => undefined,
    };
  },
});
