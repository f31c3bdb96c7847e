/**
 * A file system in memory that lies, on demand: it loses power at any operation, and with it what
 * was not synced, fails, fills up, stalls, writes short or to the wrong place, and rots.
 *
 * @packageDocumentation
 */
export type { BytePlace, Misdirection, SimulatedDisk, SimulatedDiskOptions } from './api.ts';
export { simulatedDisk } from './disk.ts';
export { SimulatedSystemError, type SystemErrorCode } from './errors.ts';
export type { DiskOperation, Failure } from './faults.ts';
export { DiskImage } from './image.ts';
export type { GarbageReach, Loss } from './loss.ts';
