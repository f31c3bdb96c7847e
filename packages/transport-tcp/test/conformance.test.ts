/** The TCP transport passes the suite that every transport must pass. */
import { transportSuite } from '@quorate/conformance/transport';
import type { Transport } from '@quorate/core';
import { describe, it } from 'vitest';
import { tcpTransport, type TcpTransport } from '../src/index.ts';

transportSuite({
  framework: { describe, it },
  name: 'transport-tcp',
  create: async () => {
    const made = new Map<Transport, TcpTransport>();
    return {
      transport: ({ maxFrameBytes, maxQueuedBytes, address }) => {
        const transport = tcpTransport({
          listen: address ?? '127.0.0.1:0',
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
