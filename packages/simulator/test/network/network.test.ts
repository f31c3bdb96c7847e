/** The simulated network: what it does to frames, and what it never does. */
import { describe, expect, it } from 'vitest';
import { calmNetwork, type NetworkConditions } from '../../src/network/conditions.ts';
import { Network } from '../../src/network/network.ts';
import { Schedule } from '../../src/world/schedule.ts';

interface Arrival {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly frame: Uint8Array;
}

/** Nodes on a network, and what arrives. */
function networkWith(conditions: Partial<NetworkConditions> = {}, seed = 1) {
  const schedule = new Schedule();
  const network = new Network(schedule, seed, { ...calmNetwork, ...conditions });
  const arrivals: Arrival[] = [];
  for (const to of ['a', 'b', 'c']) {
    network.attach(to, (from, frame) => arrivals.push({ at: schedule.now, from, to, frame }));
  }
  return {
    schedule,
    network,
    arrivals,
    /** One frame each ms, with its number in it. */
    send: (from: string, to: string, count: number, everyMs = 1): void => {
      for (let number = 0; number < count; number++) {
        schedule.at(schedule.now + number * everyMs, undefined, () => {
          network.send(from, to, frameOf(number));
        });
      }
    },
    settle: (ms = 100_000): Promise<void> => schedule.run(schedule.now + ms, () => false),
    numbers: (to = 'b'): readonly number[] =>
      arrivals.filter((arrival) => arrival.to === to).map(({ frame }) => numberOf(frame)),
  };
}

function frameOf(number: number): Uint8Array {
  const frame = new Uint8Array(16).fill(number & 0xff);
  new DataView(frame.buffer).setUint32(0, number);
  return frame;
}

function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0);
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

describe('on a good day', () => {
  it('every frame arrives once, in order, after a delay between its bounds', async () => {
    const { send, settle, numbers, arrivals, network } = networkWith({ delayMs: [2, 9] });
    send('a', 'b', 300);
    await settle();
    expect(numbers()).toEqual(upTo(300));
    const delays = arrivals.map(({ at, frame }) => at - numberOf(frame));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(2);
    // A frame waits for those before it.
    expect(Math.max(...delays)).toBeLessThan(9);
    expect(network.counts).toMatchObject({ sent: 300, delivered: 300, lost: 0 });
  });

  it('a frame for nobody is lost', async () => {
    const { send, settle, network, arrivals } = networkWith();
    network.attach('b', undefined);
    send('a', 'b', 3);
    await settle();
    expect(arrivals).toEqual([]);
    expect(network.counts).toMatchObject({ delivered: 0, lost: 3 });
  });

  it('a frame goes to whoever is there when it arrives', async () => {
    const { schedule, network, settle } = networkWith();
    let taken = 0;
    network.send('a', 'b', frameOf(1));
    schedule.at(0.1, undefined, () => {
      network.attach('b', () => {
        taken += 1;
      });
    });
    await settle();
    expect(taken).toBe(1);
  });
});

describe('on a bad day', () => {
  it('frames are lost at the rate that was asked for', async () => {
    const { send, settle, numbers, network } = networkWith({ loss: 0.3 });
    send('a', 'b', 2000);
    await settle();
    expect(network.counts.lost).toBeGreaterThan(500);
    expect(network.counts.lost).toBeLessThan(700);
    expect(numbers()).toHaveLength(2000 - network.counts.lost);
    expect(numbers()).toEqual(numbers().toSorted((left, right) => left - right));
  });

  it('frames come twice', async () => {
    const { send, settle, numbers, network } = networkWith({ duplication: 0.2 });
    send('a', 'b', 1000);
    await settle();
    expect(network.counts.duplicated).toBeGreaterThan(130);
    expect(numbers()).toHaveLength(1000 + network.counts.duplicated);
    expect(new Set(numbers())).toEqual(new Set(upTo(1000)));
  });

  it('frames of before come once more, after others', async () => {
    const { send, settle, numbers, network } = networkWith({ replay: 0.05 });
    send('a', 'b', 1000);
    await settle();
    expect(network.counts.replayed).toBeGreaterThan(25);
    const seen = new Set<number>();
    let late = 0;
    let last = -1;
    for (const number of numbers()) {
      if (seen.has(number) && number < last) late += 1;
      seen.add(number);
      last = number;
    }
    expect(late).toBeGreaterThan(20);
    expect(seen.size).toBe(1000);
  });

  it('frames overtake each other only where that was asked for', async () => {
    for (const reordering of [false, true]) {
      const { send, settle, numbers } = networkWith({ delayMs: [1, 50], reordering });
      send('a', 'b', 300);
      await settle();
      const sorted = numbers().toSorted((left, right) => left - right);
      expect(sorted).toEqual(upTo(300));
      if (reordering) expect(numbers()).not.toEqual(sorted);
      else expect(numbers()).toEqual(sorted);
    }
  });

  it('damaged frames do not arrive, and what arrives is undamaged', async () => {
    const { send, settle, numbers, arrivals, network } = networkWith({
      corruption: 0.3,
      duplication: 0.1,
      replay: 0.1,
    });
    send('a', 'b', 2000);
    await settle();
    const { corrupted, duplicated, replayed } = network.counts;
    expect(corrupted).toBeGreaterThan(500);
    expect(numbers()).toHaveLength(2000 + duplicated + replayed - corrupted);
    for (const { frame } of arrivals) expect(frame).toEqual(frameOf(numberOf(frame)));
  });

  it('an empty frame is not damaged', async () => {
    const { network, settle } = networkWith({ corruption: 1 });
    network.send('a', 'b', new Uint8Array(0));
    await settle();
    expect(network.counts).toMatchObject({ corrupted: 0, delivered: 1 });
  });

  it('each copy has bytes of its own: what one receiver does to them, nobody else sees', async () => {
    const { schedule, network, settle } = networkWith({ duplication: 0.5, replay: 0.5 });
    let arrived = 0;
    network.attach('b', (_from, frame) => {
      arrived += 1;
      expect(frame).toEqual(frameOf(numberOf(frame)));
      frame.fill(0xee, 4);
      frame[0] = 0;
    });
    for (let number = 0; number < 200; number++) {
      schedule.at(number, undefined, () => {
        network.send('a', 'b', frameOf(number));
      });
    }
    await settle();
    expect(arrived).toBeGreaterThan(300);
  });
});

describe('a link that is cut', () => {
  it('loses what is sent, and what is under way, in that direction', async () => {
    const { schedule, network, send, settle, numbers } = networkWith({ delayMs: [5, 5] });
    send('a', 'b', 20);
    send('b', 'a', 20);
    schedule.at(9.5, undefined, () => {
      const heal = network.cut([['a', 'b']]);
      schedule.after(6, undefined, heal);
    });
    await settle();
    // 5 to 9 were under way and would have arrived in between, 10 to 15 were sent in between.
    expect(numbers('b')).toEqual([0, 1, 2, 3, 4, 16, 17, 18, 19]);
    expect(numbers('a')).toEqual(upTo(20));
    expect(network.counts.cut).toBe(11);
  });

  it('is whole again when everybody has let go of it, each of them once', async () => {
    const { network, send, settle, numbers } = networkWith();
    const first = network.cut([['a', 'b']]);
    const second = network.cut([['a', 'b']]);
    first();
    first();
    send('a', 'b', 1);
    await settle();
    expect(numbers()).toEqual([]);
    second();
    send('a', 'b', 1);
    await settle();
    expect(numbers()).toEqual([0]);
  });
});

describe('a link that is clogged', () => {
  it('loses nothing, and keeps the order', async () => {
    const { schedule, network, send, settle, numbers, arrivals } = networkWith();
    send('a', 'b', 100);
    schedule.at(20, undefined, () => {
      const open = network.clog([['a', 'b']]);
      const openToo = network.clog([['a', 'b']]);
      schedule.at(40, undefined, open);
      schedule.at(70, undefined, openToo);
    });
    await settle();
    expect(numbers()).toEqual(upTo(100));
    expect(arrivals.filter(({ at }) => at > 20 && at < 70)).toEqual([]);
    expect(arrivals.filter(({ at }) => at === 70).length).toBeGreaterThan(40);
  });

  it('loses what it holds where it is cut when it opens', async () => {
    const { network, send, settle, numbers } = networkWith();
    const open = network.clog([['a', 'b']]);
    send('a', 'b', 5);
    await settle();
    const heal = network.cut([['a', 'b']]);
    open();
    heal();
    await settle();
    expect(numbers()).toEqual([]);
    expect(network.counts.cut).toBe(5);
  });

  it('holds so many bytes and no more, and takes more once they are through', async () => {
    const { network, settle, arrivals } = networkWith();
    const open = network.clog([['a', 'b']]);
    for (let count = 0; count < 10; count++) network.send('a', 'b', new Uint8Array(2 ** 20));
    network.send('a', 'c', new Uint8Array(2 ** 20));
    await settle();
    expect(network.counts.overflowed).toBe(6);
    open();
    expect(arrivals.filter(({ to }) => to === 'b')).toHaveLength(4);
    network.send('a', 'b', new Uint8Array(2 ** 20));
    await settle();
    expect(arrivals.filter(({ to }) => to === 'b')).toHaveLength(5);
    expect(network.counts.overflowed).toBe(6);
  });
});

describe('weather', () => {
  const storm: NetworkConditions = { ...calmNetwork, loss: 1 };
  const shower: NetworkConditions = { ...calmNetwork, duplication: 1 };

  it('is as it was when a storm is over, in whatever order storms end', () => {
    const { network } = networkWith();
    const before = network.conditions;
    const first = network.storm(storm);
    const second = network.storm(shower);
    expect(network.conditions).toBe(shower);
    first();
    expect(network.conditions).toBe(shower);
    second();
    expect(network.conditions).toBe(before);
    const third = network.storm(storm);
    network.storm(shower)();
    expect(network.conditions).toBe(storm);
    third();
    third();
    expect(network.conditions).toBe(before);
  });
});

describe('fate', () => {
  const bad: Partial<NetworkConditions> = {
    delayMs: [1, 40],
    reordering: true,
    loss: 0.2,
    duplication: 0.1,
    replay: 0.05,
    corruption: 0.05,
  };
  const traffic = async (seed: number, links: readonly (readonly [string, string])[]) => {
    const { send, settle, arrivals } = networkWith(bad, seed);
    for (const [from, to] of links) send(from, to, 300);
    await settle();
    return arrivals;
  };

  it('is the same for the same seed, and another one for another', async () => {
    const first = await traffic(5, [['a', 'b']]);
    expect(await traffic(5, [['a', 'b']])).toEqual(first);
    expect(await traffic(6, [['a', 'b']])).not.toEqual(first);
  });

  it('of one link does not depend on the traffic of another', async () => {
    const alone = await traffic(5, [['a', 'b']]);
    const among = await traffic(5, [
      ['a', 'c'],
      ['b', 'a'],
      ['a', 'b'],
      ['c', 'b'],
    ]);
    expect(among.filter(({ from, to }) => from === 'a' && to === 'b')).toEqual(alone);
    expect(among.length).toBeGreaterThan(3 * alone.length);
  });
});
