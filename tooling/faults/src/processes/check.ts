/**
 * Opens a storage after a fault and tells all that it holds. Then it writes on, closes, opens again,
 * and tells once more: a storage that was saved must also be of use.
 */
import type { Storage } from '@quorate/core';
import { bytesOf } from '../plan/content.ts';
import { shapeOf } from '../plan/model.ts';
import type { LifePlan, Staging } from '../plan/steps.ts';
import type { Asked } from './events.ts';
import { close, flawOf, owner, refusalOf, type Say, write } from './life.ts';
import { look } from './look.ts';

/** How a storage is looked at. */
export interface CheckOrder {
  /** The life that goes on with it; where it starts is what is found. */
  readonly plan: Omit<LifePlan, 'start' | 'resume'>;
  /** Writes of that life; 0: it is only looked at. */
  readonly writes: number;
  /** A staged snapshot that may be there in part. */
  readonly staged: Staging | undefined;
}

/** Says `found` once, and twice where it writes on; or what kept it from that. */
export async function check(
  create: () => Storage,
  { plan, writes, staged }: CheckOrder,
  say: Say,
): Promise<void> {
  const closed = await use(create(), say, async (storage, asking) => {
    const recovered = await storage.open(owner);
    asking('read');
    say({ type: 'found', found: await look(storage, recovered) });
    asking('stage');
    if (staged !== undefined) await lookAtStaged(storage, staged, say);
    if (writes === 0) return;
    const start = shapeOf(recovered.records, recovered.snapshot?.index);
    const order = { plan: { ...plan, start, resume: undefined }, writes, inFlight: 4 };
    await write(storage, order, say);
  });
  if (!closed || writes === 0) return;
  await use(create(), say, async (storage, asking) => {
    const recovered = await storage.open(owner);
    asking('read');
    say({ type: 'found', found: await look(storage, recovered) });
  });
}

async function use(
  storage: Storage,
  say: Say,
  work: (storage: Storage, asking: (asked: Asked) => void) => Promise<void>,
): Promise<boolean> {
  let asked: Asked = 'open';
  let worked = true;
  say({ type: 'opening' });
  try {
    await work(storage, (next) => (asked = next));
  } catch (error) {
    worked = false;
    say(refusalOf(asked, error));
  }
  await close(storage, say);
  return worked;
}

async function lookAtStaged(storage: Storage, staged: Staging, say: Say): Promise<void> {
  const writer = await storage.snapshots.stage(staged.name);
  const flaw = flawOf(writer, bytesOf(staged.content));
  if (flaw !== undefined) say({ type: 'broken', message: flaw });
  // It stays for whoever takes it up.
  await writer.close();
}
