/** The memory transport passes the suite that every transport must pass. */
import { transportSuite } from '@quorate/conformance/transport';
import { describe, it } from 'vitest';
import { memoryNetwork, type MemoryNetwork } from '../src/index.ts';

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
