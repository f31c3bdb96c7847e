/**
 * Transport between nodes of one process: for embedding a whole group, for tests, and for
 * simulation. Faultless until told otherwise; every fault comes out of one seed.
 *
 * ```ts
 * const network = memoryNetwork({ seed: 7 });
 * const a = network.transport();
 * await a.start({ cluster: 'demo', node: 'a', receive: (from, frame) => console.log(from, frame) });
 * a.setPeers([{ id: 'b' }]);
 * network.isolate('b');
 * ```
 *
 * Beside it, `memoryLinks`: streams of bytes, for what stands on links instead of frames.
 *
 * @packageDocumentation
 */
export { checkFaults, noFaults, type Faults } from './faults.ts';
export { memoryLinks, type MemoryLinks, type MemoryLinksOptions } from './links.ts';
export { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './network.ts';
