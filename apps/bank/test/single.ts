/** A bank of one node. */
import { temporaryFolder } from '@quorate/harness';
import type { NodeConfig } from '../src/node/config.ts';
import { freeDemoPort } from './harness.ts';

/** What to tell a node that is alone, on free ports and in a new folder. */
export async function single(storage: string): Promise<NodeConfig> {
  const port = await freeDemoPort();
  return {
    node: 'n1',
    cluster: 'test',
    data: await temporaryFolder(),
    members: [{ id: 'n1', address: `127.0.0.1:${String(port + 11)}` }],
    client: `127.0.0.1:${String(port + 1)}`,
    algorithm: 'raft',
    storage,
  };
}
