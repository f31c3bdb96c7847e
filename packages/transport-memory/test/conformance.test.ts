/** The memory transport, and one on memory links, pass the suite that every transport must pass. */
import { transportSuite } from '@quorate/conformance/transport';
import { checkMemberOptions, linkTransport, type LinkTransport } from '@quorate/connections';
import type { Transport } from '@quorate/core';
import { describe, it } from 'vitest';
import { memoryLinks, memoryNetwork, type MemoryNetwork } from '../src/index.ts';

transportSuite({
  framework: { describe, it },
  name: 'transport-memory',
  without: ['writes'],
  create: async () => {
    let network: MemoryNetwork | undefined;
    return {
      transport: ({ maxFrameBytes, maxQueuedBytes }) => {
        network ??= memoryNetwork({ maxFrameBytes, maxQueuedBytes });
        return network.transport();
      },
      remove: async () => undefined,
    };
  },
});

transportSuite({
  framework: { describe, it },
  name: 'a transport on memory links',
  create: async () => {
    const network = memoryLinks();
    const made = new Map<Transport, LinkTransport>();
    return {
      transport: ({ maxFrameBytes, maxQueuedBytes, address = `host${made.size}` }) => {
        const transport = linkTransport(
          network.host(address),
          { address, advertise: (bound) => bound },
          checkMemberOptions({
            maxFrameBytes,
            maxQueuedBytes,
            reconnect: { minMs: 5, maxMs: 100 },
          }),
        );
        made.set(transport, transport);
        return transport;
      },
      writes: (transport) => made.get(transport)?.counters['socket_writes'] ?? 0,
      remove: async () => undefined,
    };
  },
});
