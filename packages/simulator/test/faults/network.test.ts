/** Faults of the network, each on a world whose nodes are probes: what gets through, and when again. */
import { describe, expect, it } from 'vitest';
import { strike } from '../../src/faults/strike.ts';
import type { Fault } from '../../src/faults/fault.ts';
import { faultAt, worldWith } from '../small-worlds.ts';

type Bare = Parameters<typeof faultAt>[1];

/** Lets a fault strike at 0 and sends a frame on each link every 10 ms; gives what got through. */
async function reach(bare: Bare, voters = 3, forMs = 1000, seed = 3) {
  const world = worldWith({ voters, runMs: 100_000 });
  const { schedule, network, nodes } = world;
  const arrived: { readonly link: string; readonly sentAt: number; readonly at: number }[] = [];
  for (const { id: to } of nodes) {
    network.attach(to, (from, frame) => {
      const sentAt = new DataView(frame.buffer).getUint32(0);
      arrived.push({ link: `${from}${to}`, sentAt, at: schedule.now });
    });
  }
  for (let at = 0; at < forMs; at += 10) {
    schedule.at(at, undefined, () => {
      for (const { id: from } of nodes) {
        for (const { id: to } of nodes) {
          const frame = new Uint8Array(4);
          new DataView(frame.buffer).setUint32(0, at);
          if (from !== to) network.send(from, to, frame);
        }
      }
    });
  }
  const fault: Fault = faultAt(0, bare, seed);
  strike(world, fault);
  await schedule.run(forMs + 5000, () => false);
  const links = nodes.flatMap(({ id: from }) =>
    nodes.filter(({ id }) => id !== from).map(({ id: to }) => `${from}${to}`),
  );
  const through = (from: number, to: number): readonly string[] => {
    const open = arrived.filter(({ sentAt, at }) => sentAt >= from && sentAt < to && at < to);
    return links.filter((link) => open.some((arrival) => arrival.link === link));
  };
  return { world, arrived, links, through };
}

const back = (link: string): string => `${link.slice(2)}${link.slice(0, 2)}`;

describe('a partition', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'with a bridge has two sides among three, too: seed %d',
    async (seed) => {
      const { links, through } = await reach(
        { type: 'partition', shape: 'bridge', ms: 500 },
        3,
        600,
        seed,
      );
      const open = through(20, 480);
      expect(open).toHaveLength(4);
      const [one = '', other = ''] = links.filter((link) => !open.includes(link));
      expect(other).toBe(back(one));
    },
  );

  it.each(['halves', 'isolate', 'one-way', 'bridge', 'leader-deaf'] as const)(
    'of the shape %s cuts some links, and ends',
    async (shape) => {
      const { world, links, through } = await reach({ type: 'partition', shape, ms: 500 }, 5);
      expect(world.journal.faults).toEqual(new Map([[`partition: ${shape}`, 1]]));
      const open = through(20, 480);
      expect(open.length).toBeLessThan(links.length);
      expect(open.length).toBeGreaterThan(0);
      expect(through(510, 1000)).toEqual(links);
      const cut = links.filter((link) => !open.includes(link));
      const bothWays = cut.filter((link) => cut.includes(back(link)));
      if (shape === 'one-way' || shape === 'leader-deaf') expect(bothWays).toEqual([]);
      else expect(bothWays).toEqual(cut);
      // One is seen by nobody, or hears nobody.
      if (shape === 'isolate') expect(cut).toHaveLength(8);
      if (shape === 'leader-deaf') expect(new Set(cut.map((link) => link.slice(2))).size).toBe(1);
      if (shape === 'bridge') {
        const bridges = world.nodes.filter(({ id }) => !cut.some((link) => link.includes(id)));
        expect(bridges).toHaveLength(1);
      }
    },
  );

  it('between old and new voters is none where there is no change of them', async () => {
    const { world, links, through } = await reach({
      type: 'partition',
      shape: 'by-change',
      ms: 500,
    });
    expect(world.journal.faults).toEqual(new Map());
    expect(through(20, 480)).toEqual(links);
  });
});

describe('a node that flaps', () => {
  it('goes and comes back, and stays in the end', async () => {
    const { world, links, through } = await reach({
      type: 'flapping',
      target: 1,
      periodMs: 200,
      ms: 600,
    });
    const others = links.filter((link) => !link.includes('n2'));
    expect(world.journal.faults.get('flapping')).toBe(1);
    for (const from of [0, 200, 400]) {
      expect(through(from + 10, from + 95)).toEqual(others);
      expect(through(from + 110, from + 195)).toEqual(links);
    }
    expect(through(610, 1000)).toEqual(links);
  });
});

describe('a clog', () => {
  it('holds one link up, and everything comes behind it', async () => {
    const { world, arrived, links, through } = await reach({ type: 'clog', ms: 500 });
    const open = through(10, 490);
    expect(open).toHaveLength(links.length - 1);
    const clogged = links.find((link) => !open.includes(link));
    const late = arrived.filter(({ link }) => link === clogged).map(({ sentAt }) => sentAt);
    expect(late).toEqual(Array.from({ length: 100 }, (_, at) => at * 10));
    expect(world.network.counts).toMatchObject({ cut: 0, lost: 0 });
  });

  it('goes from node to node', async () => {
    const { world, arrived, links, through } = await reach({
      type: 'clog-one-by-one',
      eachMs: 200,
    });
    const held = [0, 200, 400].map((from) => {
      const open = through(from + 10, from + 190);
      expect(open).toHaveLength(2);
      return world.nodes.findIndex(({ id }) => !open.some((link) => link.includes(id)));
    });
    expect(held.toSorted()).toEqual([0, 1, 2]);
    expect(through(610, 1000)).toEqual(links);
    expect(arrived).toHaveLength(100 * links.length);
  });
});

describe('weather', () => {
  const storm = {
    type: 'weather',
    loss: 0.5,
    duplication: 0.5,
    replay: 0.1,
    corruption: 0.3,
    delayMs: 20,
  } as const;

  it('is bad for a while', async () => {
    const { world } = await reach({ ...storm, ms: 400 });
    const { counts, conditions } = world.network;
    for (const what of ['lost', 'duplicated', 'replayed', 'corrupted'] as const) {
      expect(counts[what]).toBeGreaterThan(0);
    }
    // 240 frames were sent in it, and half of them lost.
    expect(counts.lost).toBeLessThan(180);
    expect(conditions).toMatchObject({ loss: 0, duplication: 0, replay: 0, corruption: 0 });
  });

  it('is good again when all of several storms are over', async () => {
    const world = worldWith({ runMs: 100_000 });
    const { schedule, network } = world;
    const before = network.conditions;
    strike(world, faultAt(0, { ...storm, ms: 500 }));
    schedule.at(100, undefined, () => {
      strike(world, faultAt(100, { ...storm, loss: 0.1, ms: 1000 }));
    });
    await schedule.run(600, () => false);
    expect(network.conditions).toMatchObject({ loss: 0.1 });
    await schedule.run(1200, () => false);
    expect(network.conditions).toEqual(before);
  });
});
