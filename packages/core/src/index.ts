/**
 * The vocabulary and the ports of Quorate. No IO, no timers, no algorithm; runs in a browser.
 *
 * @packageDocumentation
 */
export * from './byte-reader.ts';
export * from './byte-writer.ts';
export * from './bytes.ts';
export * from './checksum.ts';
export * from './engine.ts';
export * from './entry.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './frame-writer.ts';
export * from './ids.ts';
export * from './machine.ts';
export * from './membership.ts';
export * from './observe.ts';
export * from './payloads.ts';
export * from './quorum.ts';
export * from './random.ts';
export * from './replicated-log.ts';
export * from './reply.ts';
export * from './runtime.ts';
export * from './service.ts';
export * from './state-hash.ts';
export * from './storage.ts';
export * from './storage-ops.ts';
export * from './transport.ts';
export * from './watch.ts';
