/** Streams on the simulated network: in order, or broken. */
import type { Link, LinkEnd, LinkHandler } from '@quorate/connections';
import { describe, expect, it } from 'vitest';
import { calmNetwork, type NetworkConditions } from '../../src/network/conditions.ts';
import { Streams } from '../../src/network/links.ts';
import { Network } from '../../src/network/network.ts';
import { Life } from '../../src/nodes/life.ts';
import { Journal } from '../../src/world/journal.ts';
import { Schedule } from '../../src/world/schedule.ts';

interface Side {
  readonly process: Life;
  readonly received: number[];
  readonly handler: LinkHandler;
  link: Link | undefined;
  opened: boolean;
  end: LinkEnd | undefined;
}

function side(): Side {
  const received: number[] = [];
  const made: Side = {
    process: new Life(1),
    received,
    link: undefined,
    opened: false,
    end: undefined,
    handler: {
      opened: () => {
        made.opened = true;
      },
      unproven: () => undefined,
      data: (chunk) => {
        received.push(...chunk);
      },
      drained: () => undefined,
      otherSideEnded: () => undefined,
      closed: (end) => {
        made.end = end;
      },
    },
  };
  return made;
}

/** A client `c1` and a node `n1`, which listens. */
function world(conditions: Partial<NetworkConditions> = {}) {
  const schedule = new Schedule();
  const network = new Network(schedule, 5, { ...calmNetwork, ...conditions });
  const journal = new Journal(schedule, undefined, () => undefined);
  const streams = new Streams({ schedule, network, journal });
  const [client, node] = [side(), side()];
  void streams.linksOf('n1', node.process).listen('n1', (link) => {
    node.link = link;
    return node.handler;
  });
  client.link = streams.linksOf('c1', client.process).dial('n1', { type: 'host' }, () => {
    return client.handler;
  });
  const pass = (ms: number): Promise<void> => schedule.run(schedule.now + ms, () => false);
  return { schedule, network, journal, streams, client, node, pass };
}

const numbers = Array.from({ length: 200 }, (_, at) => at);

function writeAll({ link }: Side): void {
  for (const number of numbers) link?.write([Uint8Array.of(number), new Uint8Array(0)]);
}

describe('a stream', () => {
  it('arrives in order, both ways, whatever loses and reorders packets', async () => {
    const { client, node, pass } = world({ loss: 0.3, reordering: true, delayMs: [0, 50] });
    await pass(5000);
    expect([client.opened, node.opened]).toEqual([true, true]);
    writeAll(client);
    writeAll(node);
    await pass(60_000);
    expect(node.received).toEqual(numbers);
    expect(client.received).toEqual(numbers);
  });

  it('waits while its way is cut or clogged, and then goes on', async () => {
    for (const what of ['cut', 'clog'] as const) {
      const { client, node, network, pass } = world();
      await pass(100);
      const mend = network[what]([['c1', 'n1']]);
      writeAll(client);
      writeAll(node);
      await pass(1000);
      expect(node.received).toEqual([]);
      expect(client.received).toEqual(numbers);
      expect(client.link?.waitingBytes).toBe(numbers.length);
      mend();
      await pass(100);
      expect(node.received).toEqual(numbers);
      expect(client.link?.waitingBytes).toBe(0);
    }
  });

  it('is reset by the end of a process, and by silence alone where the power went', async () => {
    for (const dark of [false, true]) {
      const { client, node, streams, pass } = world();
      await pass(100);
      if (dark) streams.losePower('n1');
      node.process.end();
      await pass(100);
      expect(client.end?.code).toBe(dark ? undefined : 'LOST');
      // Another process on the same host knows nothing of the stream.
      streams.linksOf('n1', new Life(2));
      client.link?.write([Uint8Array.of(1)]);
      await pass(100);
      expect(client.end?.code).toBe('LOST');
    }
  });

  it('is broken for both, or ended by one of them', async () => {
    const one = world();
    await one.pass(100);
    one.streams.break('c1', new Set(['n2']));
    await one.pass(100);
    expect(one.client.end).toBeUndefined();
    one.streams.break('n1');
    await one.pass(100);
    expect([one.client.end?.code, one.node.end?.code]).toEqual(['LOST', 'LOST']);
    const other = world();
    await other.pass(100);
    writeAll(other.client);
    other.client.link?.end();
    await other.pass(100);
    expect(other.node.received).toEqual(numbers);
    expect([other.client.end?.code, other.node.end?.code]).toEqual(['CLOSED', 'CLOSED']);
    expect(other.streams.ends.size).toBe(0);
  });

  it('waits for a process that stands still', async () => {
    const { client, node, pass } = world();
    await pass(100);
    node.process.pausedUntil = 1000;
    writeAll(client);
    await pass(500);
    expect(node.received).toEqual([]);
    await pass(500);
    expect(node.received).toEqual(numbers);
  });

  it('brings a flipped bit now and then where the network damages packets', async () => {
    const { client, node, journal, pass } = world({ corruption: 0.5 });
    await pass(60_000);
    writeAll(client);
    await pass(600_000);
    const flipped = node.received.filter((number, at) => number !== numbers[at]).length;
    expect(node.received).toHaveLength(numbers.length);
    expect(flipped).toBe(journal.coverage.get('stream damaged'));
    expect(flipped).toBeGreaterThan(2);
  });

  it('does not come about where nobody listens, and is not answered by a host without power', async () => {
    const { streams, pass } = world();
    const [refused, unanswered] = [side(), side()];
    streams.linksOf('c2', refused.process).dial('n2', { type: 'host' }, () => refused.handler);
    streams.losePower('n1');
    streams.linksOf('c3', unanswered.process).dial('n1', { type: 'host' }, () => {
      return unanswered.handler;
    });
    await pass(10_000);
    expect(refused.end?.code).toBe('UNREACHABLE');
    expect([unanswered.opened, unanswered.end]).toEqual([false, undefined]);
  });
});
