/** What a memory network does to frames when it is told to, on virtual time. */
import { InvalidArgumentError, type NodeId, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import {
  type Faults,
  memoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from '../src/index.ts';
import { virtualRuntime, type VirtualRuntime } from './virtual-runtime.ts';

interface World {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  /** `from>to text`, in order of arrival, with the time in ms in front where asked for. */
  readonly arrived: string[];
  readonly arrivedAt: number[];
  readonly send: (from: NodeId, to: NodeId, text: string) => void;
  /** Closes a node, as a crash would, and lets it come back. */
  readonly restart: (node: NodeId) => Promise<void>;
}

async function world(options: MemoryNetworkOptions = {}): Promise<World> {
  const runtime = virtualRuntime();
  const network = memoryNetwork({ runtime, ...options });
  const names = ['a', 'b', 'c', 'd'];
  const arrived: string[] = [];
  const arrivedAt: number[] = [];
  const start = async (node: NodeId): Promise<ReturnType<MemoryNetwork['transport']>> => {
    const transport = network.transport();
    await transport.start({
      cluster: 'test',
      node,
      receive: (from, frame) => {
        arrived.push(`${from}>${node} ${Buffer.from(frame).toString()}`);
        arrivedAt.push(runtime.now());
      },
    });
    transport.setPeers(names.map((id) => ({ id })));
    return transport;
  };
  const nodes = new Map(
    await Promise.all(names.map(async (name) => [name, await start(name)] as const)),
  );
  return {
    runtime,
    network,
    arrived,
    arrivedAt,
    send: (from, to, text) => nodes.get(from)?.send(to, [utf8(text)]),
    restart: async (node) => {
      await nodes.get(node)?.close();
      nodes.set(node, await start(node));
    },
  };
}

const numbers = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => String(at));

describe('without faults', () => {
  it('frames arrive in the next turn, in order', async () => {
    const { runtime, arrived, send } = await world();
    send('a', 'b', 'one');
    send('a', 'b', 'two');
    expect(arrived).toEqual([]);
    runtime.advance(0);
    expect(arrived).toEqual(['a>b one', 'a>b two']);
  });
});

describe('delay', () => {
  it('lies between its bounds, and keeps the order between two nodes', async () => {
    const { runtime, arrived, arrivedAt, send } = await world({
      faults: { minDelayMs: 5, maxDelayMs: 9 },
    });
    for (const number of numbers(200)) send('a', 'b', number);
    runtime.advance(4.9);
    expect(arrived).toEqual([]);
    runtime.advance(4.1);
    expect(arrived).toEqual(numbers(200).map((number) => `a>b ${number}`));
    expect(arrivedAt.every((at) => at >= 5 && at <= 9)).toBe(true);
  });

  it('that is set at run time leaves frames under way alone', async () => {
    const { runtime, network, arrived, send } = await world({
      faults: { minDelayMs: 50, maxDelayMs: 50 },
    });
    send('a', 'b', 'slow');
    network.setFaults({ minDelayMs: 0, maxDelayMs: 0 });
    send('a', 'c', 'fast');
    runtime.advance(1);
    expect(arrived).toEqual(['a>c fast']);
    runtime.advance(50);
    expect(arrived).toEqual(['a>c fast', 'a>b slow']);
  });
});

describe('loss', () => {
  it('takes about the share that it should, and never more than the frame', async () => {
    const { runtime, network, arrived, send } = await world({ faults: { loss: 0.25 } });
    for (const number of numbers(4000)) send('a', 'b', number);
    runtime.advance(1);
    expect(arrived.length).toBeGreaterThan(2850);
    expect(arrived.length).toBeLessThan(3150);
    expect(network.counters['frames_lost']).toBe(4000 - arrived.length);
    network.setFaults({ loss: 1 });
    send('a', 'b', 'never');
    network.setFaults({ loss: 0 });
    send('a', 'b', 'always');
    runtime.advance(1);
    expect(arrived.at(-1)).toBe('a>b always');
    expect(arrived).not.toContain('a>b never');
  });
});

describe('duplication', () => {
  it('delivers copies that are independent of each other', async () => {
    const { runtime, network, arrived, send } = await world({
      faults: { duplication: 1, maxDelayMs: 10 },
    });
    for (const number of numbers(50)) send('a', 'b', number);
    runtime.advance(10);
    expect(arrived.length).toBe(100);
    expect(new Set(arrived).size).toBe(50);
    expect(network.counters['frames_duplicated']).toBe(50);
  });
});

describe('reordering', () => {
  it('holds some frames back, so that others overtake them; all arrive', async () => {
    const { runtime, arrived, send } = await world({ faults: { reordering: 0.2, maxHoldMs: 10 } });
    for (const number of numbers(300)) {
      send('a', 'b', number);
      runtime.advance(1);
    }
    runtime.advance(10);
    const inOrder = numbers(300).map((number) => `a>b ${number}`);
    expect(arrived).not.toEqual(inOrder);
    expect(arrived.toSorted()).toEqual(inOrder.toSorted());
    const late = arrived.map((text, at) => at - Number(text.slice(4)));
    expect(Math.max(...late)).toBeLessThanOrEqual(10);
  });
});

describe('one seed', () => {
  const rough: Partial<Faults> = { loss: 0.1, duplication: 0.1, reordering: 0.1, maxDelayMs: 20 };
  async function run(seed: number): Promise<readonly string[]> {
    const { runtime, arrived, arrivedAt, send } = await world({ seed, faults: rough });
    for (const number of numbers(200)) {
      send('a', 'b', number);
      send('b', 'c', number);
      runtime.advance(0.7);
    }
    runtime.advance(100);
    return arrived.map((text, at) => `${arrivedAt[at] ?? 0} ${text}`);
  }

  it('gives one run', async () => {
    expect(await run(7)).toEqual(await run(7));
  });

  it('gives another run than another seed', async () => {
    expect(await run(7)).not.toEqual(await run(8));
  });
});

describe('cuts', () => {
  const all = ['a', 'b', 'c', 'd'];
  function heard({ runtime, arrived, send }: World): readonly string[] {
    arrived.length = 0;
    for (const from of all) for (const to of all) send(from, to, '');
    runtime.advance(1);
    return arrived.map((text) => text.trim()).sort();
  }

  it('partition: nodes hear each other inside their group; those not named form one more', async () => {
    const w = await world();
    w.network.partition(['a', 'b']);
    expect(heard(w)).toEqual(['a>b', 'b>a', 'c>d', 'd>c']);
    w.network.partition(['a'], ['b', 'c', 'd']);
    expect(heard(w)).toEqual(['b>c', 'b>d', 'c>b', 'c>d', 'd>b', 'd>c']);
  });

  it('isolate: nobody hears the node, and it hears nobody', async () => {
    const w = await world();
    w.network.isolate('a');
    w.network.isolate('b');
    expect(heard(w)).toEqual(['c>d', 'd>c']);
  });

  it('block: one direction only', async () => {
    const w = await world();
    w.network.block('a', 'b');
    const left = heard(w);
    expect(left).toContain('b>a');
    expect(left).not.toContain('a>b');
    expect(left.length).toBe(11);
  });

  it('heal: takes all of them back', async () => {
    const w = await world();
    w.network.partition(['a'], ['b']);
    w.network.isolate('c');
    w.network.block('d', 'a');
    w.network.heal();
    expect(heard(w).length).toBe(12);
  });

  it('swallow what is under way too', async () => {
    const { runtime, network, arrived, send } = await world({
      faults: { minDelayMs: 10, maxDelayMs: 10 },
    });
    send('a', 'b', 'under way');
    runtime.advance(5);
    network.isolate('b');
    runtime.advance(10);
    network.heal();
    runtime.advance(10);
    expect(arrived).toEqual([]);
    expect(network.counters['frames_cut']).toBe(1);
  });
});

describe('a crash', () => {
  it('of the sender leaves alone what is under way; it arrives even at a receiver that restarted', async () => {
    const { runtime, arrived, send, restart } = await world({
      faults: { minDelayMs: 10, maxDelayMs: 10 },
    });
    send('a', 'b', 'from before');
    await restart('a');
    await restart('b');
    send('a', 'b', 'from after');
    runtime.advance(20);
    expect(arrived).toEqual(['a>b from before', 'a>b from after']);
  });
});

describe('what is under way', () => {
  it('is bounded for each direction; new frames are dropped', async () => {
    const { runtime, network, arrived, send } = await world({ maxQueuedBytes: 1000 });
    for (const number of numbers(30)) send('a', 'b', number);
    send('a', 'c', 'another direction');
    runtime.advance(1);
    expect(network.counters['frames_overflowed']).toBe(15);
    expect(arrived).toEqual([
      ...numbers(15).map((number) => `a>b ${number}`),
      'a>c another direction',
    ]);
    send('a', 'b', 'room again');
    send('a', 'b', 'x'.repeat(2000));
    runtime.advance(1);
    expect(arrived.at(-1)).toBe('a>b room again');
    send('a', 'b', 'x'.repeat(2000));
    runtime.advance(1);
    expect(arrived.at(-1)?.length).toBe(2004);
  });
});

describe('options', () => {
  it.each<MemoryNetworkOptions>([
    { maxFrameBytes: 0 },
    { maxQueuedBytes: 0.5 },
    { faults: { loss: 1.1 } },
    { faults: { duplication: -0.1 } },
    { faults: { reordering: Number.NaN } },
    { faults: { minDelayMs: 2, maxDelayMs: 1 } },
    { faults: { minDelayMs: -1 } },
    { faults: { maxHoldMs: Infinity } },
  ])('that can never work are refused: %j', (options) => {
    expect(() => memoryNetwork(options)).toThrow(InvalidArgumentError);
  });
});
