/** A storage that is watched: what it was given and has acknowledged goes on record, as long as its process runs. */
import type { Storage, StorageOp } from '@quorate/core';
import { simulatedDisk } from '@quorate/files/simulated';
import { fileStorage } from '@quorate/storage-file';
import { describe, expect, it } from 'vitest';
import { DiskRecord, type Finding } from '../../src/nodes/disk-record.ts';
import { watchStorage } from '../../src/nodes/watched-storage.ts';

const owner = { cluster: 'test', node: 'n1', algorithm: 'test' };
const put = (index: number, bytes = 10): StorageOp => ({
  type: 'put',
  index,
  record: new Uint8Array(bytes).fill(index),
});

/** A storage on a disk, watched in one life after the other. */
function watchedDisk() {
  const device = simulatedDisk();
  const record = new DiskRecord();
  const findings: Finding[] = [];
  return {
    device,
    record,
    findings,
    live: (): { storage: Storage; end: () => void } => {
      let ended = false;
      const plain = fileStorage({ files: device.files(), directory: '/data' });
      const storage = watchStorage(plain, record, {
        ended: () => ended,
        opened: (finding) => findings.push(finding),
      });
      return {
        storage,
        end: () => {
          ended = true;
        },
      };
    },
  };
}

describe('a watched storage', () => {
  it('shows as durable what was acknowledged, and finds it again, more than a page of it', async () => {
    const { live, record, findings } = watchedDisk();
    const { storage, end } = live();
    await storage.open(owner);
    await storage.write([put(1, 900_000), put(2, 900_000)]);
    expect(record.durable.last).toBe(2);
    const writing = storage.write([put(3, 900_000)]);
    expect(record.durable.last).toBe(2);
    await writing;
    await storage.close();
    end();
    await live().storage.open(owner);
    expect(findings).toEqual([
      { type: 'as-written', batches: 0 },
      { type: 'as-written', batches: 0 },
    ]);
    expect(record.durable.last).toBe(3);
  });

  it('takes nothing into account that comes after the end of its process', async () => {
    const { live, record, device } = watchedDisk();
    const { storage, end } = live();
    await storage.open(owner);
    const writing = storage.write([put(1)]);
    end();
    await writing;
    expect(record.durable.last).toBe(0);
    await storage.write([put(2)]);
    expect(record.durable.last).toBe(0);
    // The batch was under way, and may be there.
    device.crash('nothing');
    const next = live();
    await next.storage.open(owner);
    expect(record.durable.last).toBeGreaterThanOrEqual(1);
  });

  it('fails to open with what whoever is told of the finding throws', async () => {
    const device = simulatedDisk();
    const storage = watchStorage(
      fileStorage({ files: device.files(), directory: '/data' }),
      new DiskRecord(),
      {
        ended: () => false,
        opened: () => {
          throw new RangeError('not this one');
        },
      },
    );
    await expect(storage.open(owner)).rejects.toThrow('not this one');
    await storage.close();
  });
});
