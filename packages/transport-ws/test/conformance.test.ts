/** The WebSocket transport passes the suite that every transport must pass. */
import { transportSuite } from '@quorate/conformance/transport';
import type { Transport } from '@quorate/core';
import { describe, it } from 'vitest';
import { wsTransport, type WsTransport } from '../src/index.ts';

transportSuite({
  framework: { describe, it },
  name: 'transport-ws',
  create: async () => {
    const made = new Map<Transport, WsTransport>();
    return {
      transport: ({ maxFrameBytes, maxQueuedBytes, address }) => {
        const transport = wsTransport({
          listen: address === undefined ? '127.0.0.1:0' : new URL(address).host,
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
