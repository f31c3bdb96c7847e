/** One open of a storage that was left by another process, and what that takes. */
import { owner, storageNamed } from '../storages.ts';
import { type Measurement, Recorder } from '../results/measurement.ts';
import { folderSize, sizeFigures } from './folder-size.ts';
import { peakRssMiB } from './memory.ts';
import type { Subject } from './subject.ts';

/** What is opened. */
export interface OpeningOptions {
  readonly storage: string;
  readonly directory: string;
  readonly valueBytes: number;
  /** Acknowledged before, and so to be found. */
  readonly entries: number;
}

/** Makes the storage; the measurement opens it. */
export async function prepareOpening({
  storage: name,
  directory,
  valueBytes,
  entries,
}: OpeningOptions): Promise<Subject> {
  const storage = await storageNamed(name, directory);
  return {
    leads: true,
    async measure(): Promise<Measurement> {
      const size = await folderSize(directory);
      const rssBeforeMiB = peakRssMiB();
      const from = performance.now();
      const { records } = await storage.open(owner);
      const tookMs = performance.now() - from;
      const found = records === undefined ? 0 : records.last - records.first + 1;
      if (found < entries) {
        throw new Error(`${name} had acknowledged ${entries} entries, and has ${found} of them`);
      }
      const recorder = new Recorder();
      recorder.record(tookMs, found);
      return recorder.result(tookMs, {
        peakRssMiB: peakRssMiB(),
        rssBeforeMiB,
        ...sizeFigures(size, found, valueBytes),
      });
    },
    close: () => storage.close(),
  };
}
