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
  it('does not come back when more are kept again, not even without any content', async () => {
    const place = new MachinePlace(1);
    const storage = place.storage({ retainSnapshots: 2 });
    await storage.open(owner);
    await publish(storage, 1, 0);
    const last = await publish(storage, 2, 0);
    expect(storage.snapshots.list()).toHaveLength(2);
    await storage.close();
    for (const retainSnapshots of [1, 2]) {
      const again = place.storage({ retainSnapshots });
      expect((await again.open(owner)).snapshot?.id).toBe(last);
      expect(again.snapshots.list()).toHaveLength(1);
      await again.close();
    }
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
