/**
 * Values that are gone, old, or in the wrong place: all of it is noticed, and nothing is changed by
 * the open that notices it. That a flipped bit is noticed, shows the suite.
 */
import { type ErrorCode, QuorateError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { Stored } from './harness/image.ts';
import { MachinePlace } from './harness/place.ts';
import { indexes, owner, publish, put, puts, state } from './harness/records.ts';

type Damage = (stored: Stored) => Stored | undefined;

/** A log with gaps, a state, two snapshots, one staged under a name; closed. */
async function filled(): Promise<MachinePlace> {
  const place = new MachinePlace(1);
  const storage = place.storage({ retainSnapshots: 2 });
  await storage.open(owner);
  await storage.write([...puts(1, 9), state(1)]);
  await storage.write([put(20), put(22), put(21), put(30), state(2)]);
  await publish(storage, 1, 300_000);
  await publish(storage, 2, 600_000);
  const writer = await storage.snapshots.stage('moving');
  await writer.write(new Uint8Array(300_000));
  await storage.close();
  return place;
}

/** Opens and reads everything. @returns the code of what was refused. */
async function refusal(place: MachinePlace): Promise<ErrorCode | undefined> {
  const storage = place.storage({ retainSnapshots: 2 });
  try {
    await storage.open(owner);
    await indexes(storage);
    for (const { id, bytes } of storage.snapshots.list()) {
      const reader = await storage.snapshots.read(id);
      for (let at = 0; at < bytes; ) at += (await reader.read(at, 100_000)).length;
      await reader.close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof QuorateError) return error.code;
    throw error;
  } finally {
    await storage.close();
  }
}

/** Whether a value lies under this key. */
function isAt(store: string, key: IDBValidKey): (stored: Stored) => boolean {
  const wanted = JSON.stringify([store, key]);
  return (stored) => JSON.stringify([stored.store, stored.key]) === wanted;
}

function without(store: string, key: IDBValidKey): Damage {
  const isWanted = isAt(store, key);
  return (stored) => (isWanted(stored) ? undefined : stored);
}

it('what is not damaged is opened and read', async () => {
  expect(await refusal(await filled())).toBeUndefined();
});

describe('a value that is gone is CORRUPT', () => {
  it.each<[string, IDBValidKey]>([
    ['meta', 'owner'],
    ['meta', 'head'],
    ['meta', 'fence'],
    ['meta', 'state'],
    ['meta', 'published'],
    ['chunks', 'fence'],
    ['records', 1],
    ['records', 5],
    ['records', 9],
    ['records', 20],
    ['records', 21],
    ['records', 30],
    ['chunks', [2, 0]],
    ['chunks', [2, 2]],
  ])('%s %j', async (store, key) => {
    const place = await filled();
    expect(place.machine.image.values.some(isAt(store, key))).toBe(true);
    place.damage(without(store, key));
    expect(await refusal(place)).toBe('CORRUPT');
  });

  it('a whole object store of records', async () => {
    const place = await filled();
    place.damage((stored) => (stored.store === 'records' ? undefined : stored));
    expect(await refusal(place)).toBe('CORRUPT');
  });

  it('but for what nobody needs: older snapshots, and what was staged', async () => {
    for (const key of [[1, 0], [1, 1], [3, 0], 'staged']) {
      const place = await filled();
      place.damage(without('chunks', key));
      expect(await refusal(place)).toBeUndefined();
    }
  });
});

describe('a value of another time or place is CORRUPT', () => {
  /** Puts a value in another place. */
  function misplaced(from: [string, IDBValidKey], to: [string, IDBValidKey]): Damage[] {
    let value: Uint8Array | undefined;
    return [
      (stored) => {
        if (isAt(...from)(stored)) value = stored.value;
        return stored;
      },
      (stored) => (isAt(...to)(stored) && value !== undefined ? { ...stored, value } : stored),
    ];
  }

  it.each<[[string, IDBValidKey], [string, IDBValidKey]]>([
    [
      ['records', 2],
      ['records', 3],
    ],
    [
      ['chunks', [2, 0]],
      ['chunks', [2, 1]],
    ],
    [
      ['chunks', [1, 0]],
      ['chunks', [2, 0]],
    ],
    [
      ['meta', 'state'],
      ['meta', 'head'],
    ],
    [
      ['meta', 'fence'],
      ['chunks', 'fence'],
    ],
  ])('%j in the place of %j', async (from, to) => {
    const place = await filled();
    for (const damage of misplaced(from, to)) place.damage(damage);
    expect(await refusal(place)).toBe('CORRUPT');
  });

  it.each(['head', 'state', 'published', 'fence'])('an old %s', async (key) => {
    const place = await filled();
    const old = place.machine.image.values.find(isAt('meta', key));
    const storage = place.storage({ retainSnapshots: 2 });
    await storage.open(owner);
    await storage.write([state(3), put(31)]);
    await publish(storage, 3, 10);
    await storage.close();
    place.damage((stored) => (isAt('meta', key)(stored) ? old : stored));
    expect(await refusal(place)).toBe('CORRUPT');
  });

  it('a record that was dropped, or never written', async () => {
    for (const index of [9, 15, 20, 30, 31]) {
      const place = await filled();
      const dropped = place.machine.image.values.find(isAt('records', index));
      const storage = place.storage({ retainSnapshots: 2 });
      await storage.open(owner);
      await storage.write([put(31), { type: 'dropAfter', index: 10 }, put(25)]);
      await storage.write([{ type: 'dropAfter', index: 8 }, put(12)]);
      await storage.close();
      const image = place.machine.image;
      const key = index;
      const value = dropped?.value ?? new Uint8Array(10);
      image.apply([{ type: 'put', store: 'records', key, value }]);
      place.machine.replace(image);
      expect(await refusal(place)).toBe('CORRUPT');
    }
  });

  it('a value that is no bytes, and a key that is no index', async () => {
    const place = await filled();
    const strange = 'text' as unknown as Uint8Array;
    place.damage((stored) => (isAt('records', 5)(stored) ? { ...stored, value: strange } : stored));
    expect(await refusal(place)).toBe('CORRUPT');
    const other = await filled();
    const image = other.machine.image;
    const value = new Uint8Array(10);
    image.apply([{ type: 'put', store: 'records', key: 4.5, value }]);
    other.machine.replace(image);
    expect(await refusal(other)).toBe('CORRUPT');
  });
});

it.each([1, 30])('an open misses the record at the end, index %d', async (index) => {
  const place = await filled();
  place.damage(without('records', index));
  const storage = place.storage();
  await expect(storage.open(owner)).rejects.toMatchObject({ code: 'CORRUPT' });
  await storage.close();
});

it('an open that finds damage changes nothing', async () => {
  const place = await filled();
  place.damage(without('records', 30));
  const before = place.machine.image.values;
  expect(await refusal(place)).toBe('CORRUPT');
  expect(place.machine.image.values).toEqual(before);
});

it('gaps are no damage, and damage is none once it is dropped or written again', async () => {
  const place = await filled();
  place.damage(without('records', 5));
  expect(await refusal(place)).toBe('CORRUPT');
  const storage = place.storage({ retainSnapshots: 2 });
  await storage.open(owner);
  await expect(storage.read(5, 9, 1000)).rejects.toMatchObject({ code: 'CORRUPT' });
  await expect(storage.read(3, 5, 1000)).rejects.toMatchObject({ code: 'CORRUPT' });
  expect((await storage.read(6, 9, 1000)).length).toBe(4);
  // What was asked for ends before the damage.
  expect((await storage.read(3, 9, 10)).length).toBe(1);
  await storage.write([put(5)]);
  expect(await indexes(storage)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, 30]);
  await storage.close();
});
