/** Snapshots in chunks: what is left of them in the database, and when. */
import { describe, expect, it } from 'vitest';
import { MachinePlace } from './harness/place.ts';
import { owner, publish } from './harness/records.ts';

const several = 600_000;

/** Nothing that was not synced survives. */
const none = (): number => 0;

describe('what is staged under a name', () => {
  it('makes room at once when another name is staged', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage();
    await storage.open(owner);
    const writer = await storage.snapshots.stage('left');
    await writer.write(new Uint8Array(several));
    expect(await place.storedSnapshots()).toBe(1);
    await storage.snapshots.stage('right');
    expect(await place.storedSnapshots()).toBe(0);
    await storage.close();
  });

  it('is forgotten for good by an abort, whatever power is lost', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage();
    await storage.open(owner);
    const writer = await storage.snapshots.stage('moving');
    await writer.write(new Uint8Array(several));
    await writer.abort();
    place.machine.losePower(none);
    const again = place.storage();
    await again.open(owner);
    expect((await again.snapshots.stage('moving')).bytes).toBe(0);
    await again.close();
  });

  it('keeps every whole chunk, whatever power is lost', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage();
    await storage.open(owner);
    const writer = await storage.snapshots.stage('moving');
    await writer.write(new Uint8Array(several));
    place.machine.losePower(none);
    const again = place.storage();
    await again.open(owner);
    expect((await again.snapshots.stage('moving')).bytes).toBe(2 * 256 * 1024);
    await again.close();
  });
});

it('close waits for what writers have under way', async () => {
  const storage = new MachinePlace(1).storage();
  await storage.open(owner);
  const done: string[] = [];
  for (const name of [undefined, 'moving']) {
    const writer = await storage.snapshots.stage(name);
    void writer.write(new Uint8Array(several)).then(() => done.push(String(name)));
  }
  await storage.close();
  expect(done.toSorted()).toEqual(['moving', 'undefined']);
});

describe('what was published', () => {
  it('does not come back when more are kept again, not even with the content of another', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage({ retainSnapshots: 2 });
    await storage.open(owner);
    const writers = [await storage.snapshots.stage(), await storage.snapshots.stage()];
    for (const writer of writers.toReversed()) {
      await writer.write(new Uint8Array(256 * 1024));
      await writer.finish();
      await storage.write([
        { type: 'snapshot', id: writer.id, index: 1, context: new Uint8Array() },
      ]);
    }
    expect(storage.snapshots.list()).toHaveLength(2);
    await storage.close();
    const [last, older] = writers;
    const trimming = place.storage({ retainSnapshots: 1 });
    await trimming.open(owner);
    await trimming.close();
    const again = place.storage({ retainSnapshots: 1 });
    expect((await again.open(owner)).snapshot?.id).toBe(last?.id);
    const other = await again.snapshots.stage('moving');
    expect(other.id).toBe(older?.id);
    await other.write(new Uint8Array(256 * 1024).fill(1));
    await again.close();
    const third = place.storage({ retainSnapshots: 2 });
    await third.open(owner);
    expect(third.snapshots.list()).toHaveLength(1);
    await third.close();
  });

  it('is missed when its content is gone, also when it was empty', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage();
    await storage.open(owner);
    await publish(storage, 1, 0);
    await storage.close();
    place.damage((stored) => (Array.isArray(stored.key) ? undefined : stored));
    const again = place.storage();
    await expect(again.open(owner)).rejects.toMatchObject({ code: 'CORRUPT' });
    await again.close();
  });

  it('is removed after the write that replaces it, and what that misses at the next open', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage();
    await storage.open(owner);
    await publish(storage, 1, several);
    await publish(storage, 2, several);
    // The removal is under way, and is lost.
    place.machine.losePower(none);
    expect(await place.storedSnapshots()).toBe(2);
    const again = place.storage();
    await again.open(owner);
    expect(await place.storedSnapshots()).toBe(1);
    await again.close();
  });

  it('was staged once: the same write cannot publish it twice', async () => {
    const storage = new MachinePlace(1).storage();
    await storage.open(owner);
    const writer = await storage.snapshots.stage();
    await writer.finish();
    const step = { type: 'snapshot', id: writer.id, index: 1, context: new Uint8Array() } as const;
    await expect(storage.write([step, step])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await storage.write([step]);
    await storage.close();
  });

  it('may be several in one write, of which those are kept that are to be', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage({ retainSnapshots: 2 });
    await storage.open(owner);
    const ids: string[] = [];
    for (let at = 0; at < 3; at++) {
      const writer = await storage.snapshots.stage();
      await writer.write(new Uint8Array(1000));
      await writer.finish();
      ids.unshift(writer.id);
    }
    const context = new Uint8Array();
    await storage.write(
      ids.toReversed().map((id, at) => ({ type: 'snapshot', id, index: at + 1, context }) as const),
    );
    expect(storage.snapshots.list().map(({ id }) => id)).toEqual(ids.slice(0, 2));
    await storage.close();
    expect(await place.storedSnapshots()).toBe(2);
  });
});
