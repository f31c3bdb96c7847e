/** Links inside one process: streams, on virtual time, cut and broken at will. */
import { fromUtf8, InvalidArgumentError, utf8 } from '@quorate/core';
import type { Expected, Identity, Link, LinkHandler } from '@quorate/connections';
import { describe, expect, it } from 'vitest';
import { memoryLinks, type MemoryLinks, type MemoryLinksOptions } from '../src/index.ts';
import { virtualRuntime, type VirtualRuntime } from './virtual-runtime.ts';

const anybody: Expected = { type: 'host' };

interface Side {
  link: Link | undefined;
  readonly told: string[];
}

/** Notes everything that a link tells. */
function noting(side: Side): (link: Link) => LinkHandler {
  return (link) => {
    side.link = link;
    const { told } = side;
    return {
      opened: (identity) => told.push(`opened ${identity?.name ?? 'unknown'}`),
      unproven: ({ code }) => told.push(`unproven ${code}`),
      data: (chunk) => {
        told.push(fromUtf8(chunk));
        chunk.fill(0);
      },
      drained: () => told.push('drained'),
      otherSideEnded: () => told.push('end'),
      closed: ({ code }) => told.push(`closed ${code}`),
    };
  };
}

interface World {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryLinks;
  readonly near: Side;
  readonly far: Side;
}

/** `a` dials `b`, who listens. */
async function world(
  options: MemoryLinksOptions = {},
  identities: { readonly a?: Identity; readonly b?: Identity; readonly expected?: Expected } = {},
): Promise<World> {
  const runtime = virtualRuntime();
  const network = memoryLinks({ runtime, ...options });
  const near: Side = { link: undefined, told: [] };
  const far: Side = { link: undefined, told: [] };
  await network.host('b', identities.b).listen('b:1', noting(far));
  network.host('a', identities.a).dial('b:1', identities.expected ?? anybody, noting(near));
  return { runtime, network, near, far };
}

const member = (name: string): Identity => ({ role: 'member', cluster: 'c', name });

describe('a link', () => {
  it('opens in a later turn, and carries bytes both ways, in order, as copies', async () => {
    const { runtime, near, far } = await world({ minDelayMs: 1, maxDelayMs: 5 });
    expect(near.told).toEqual([]);
    runtime.advance(20);
    const one = utf8('one');
    near.link?.write([one, utf8(' two')]);
    near.link?.write([utf8('three')]);
    far.link?.write([one]);
    runtime.advance(20);
    expect(far.told).toEqual(['opened unknown', 'one two', 'three']);
    expect(near.told).toEqual(['opened unknown', 'one']);
    expect(fromUtf8(one)).toBe('one');
  });

  it('takes at least the least delay', async () => {
    const { runtime, near, far } = await world({ minDelayMs: 10 });
    runtime.advance(19);
    expect(near.told).toEqual([]);
    runtime.advance(1);
    near.link?.write([utf8('x')]);
    runtime.advance(9);
    expect(far.told).toEqual(['opened unknown']);
    runtime.advance(1);
    expect(far.told).toEqual(['opened unknown', 'x']);
  });

  it('ends in order: what was written arrives first', async () => {
    const { runtime, network, near, far } = await world();
    runtime.advance(1);
    near.link?.write([utf8('last words')]);
    near.link?.end();
    near.link?.write([utf8('too late')]);
    runtime.advance(1);
    expect(far.told).toEqual(['opened unknown', 'last words', 'end', 'closed CLOSED']);
    expect(near.told).toEqual(['opened unknown', 'end', 'closed CLOSED']);
    expect(network.size).toBe(0);
  });

  it('that is destroyed tells nobody from inside the call', async () => {
    const { runtime, near, far } = await world();
    runtime.advance(1);
    near.link?.destroy();
    expect(near.told).toEqual(['opened unknown']);
    expect(near.link?.closed).toBe(true);
    runtime.advance(1);
    expect(near.told).toEqual(['opened unknown', 'closed LOST']);
    expect(far.told).toEqual(['opened unknown', 'end', 'closed CLOSED']);
  });

  it('says when too much waits, and when it has left', async () => {
    const { runtime, near } = await world({ minDelayMs: 1 });
    runtime.advance(5);
    near.link?.write([new Uint8Array(70_000)]);
    expect([near.link?.waitingBytes, near.link?.needsDrain]).toEqual([70_000, true]);
    runtime.advance(5);
    expect([near.link?.waitingBytes, near.link?.needsDrain]).toEqual([0, false]);
    expect(near.told).toEqual(['opened unknown', 'drained']);
  });

  it('to nobody is UNREACHABLE', async () => {
    const { runtime, network } = await world();
    const side: Side = { link: undefined, told: [] };
    network.host('a').dial('c', anybody, noting(side));
    runtime.advance(1);
    expect(side.told).toEqual(['closed UNREACHABLE']);
    expect(() => network.host('a').dial('', anybody, noting(side))).toThrow(InvalidArgumentError);
  });
});

describe('faults', () => {
  it('a cut holds everything back, and healing lets it arrive', async () => {
    const { runtime, network, near, far } = await world();
    runtime.advance(1);
    network.cut('b', 'a');
    near.link?.write([utf8('held')]);
    near.link?.write([utf8('back')]);
    runtime.advance(1000);
    expect(far.told).toEqual(['opened unknown']);
    network.heal();
    runtime.advance(1);
    expect(far.told).toEqual(['opened unknown', 'held', 'back']);
  });

  it('an isolated host cannot be dialled until it is healed', async () => {
    const runtime = virtualRuntime();
    const network = memoryLinks({ runtime });
    const near: Side = { link: undefined, told: [] };
    await network.host('b').listen('b', noting({ link: undefined, told: [] }));
    network.isolate('b');
    network.host('a').dial('b', anybody, noting(near));
    runtime.advance(1000);
    expect(near.told).toEqual([]);
    network.heal();
    runtime.advance(1);
    expect(near.told).toEqual(['opened unknown']);
  });

  it('a reset breaks both ends, and what was under way is gone', async () => {
    const { runtime, network, near, far } = await world({ minDelayMs: 5 });
    runtime.advance(50);
    near.link?.write([utf8('lost')]);
    network.reset('b', 'a');
    runtime.advance(50);
    expect(near.told).toEqual(['opened unknown', 'closed LOST']);
    expect(far.told).toEqual(['opened unknown', 'closed LOST']);
  });
});

describe('identities', () => {
  it.each([
    ['both have one', { a: member('a'), b: member('b') }, 'opened b', 'opened a'],
    ['neither has one', {}, 'opened unknown', 'opened unknown'],
    ['the dialler has none', { b: member('b') }, 'opened unknown', 'unproven CERTIFICATE_MISSING'],
    [
      'only the dialler has one',
      { a: member('a') },
      'unproven CERTIFICATE_MISSING',
      'opened unknown',
    ],
    [
      'another one is expected',
      {
        a: member('a'),
        b: member('b'),
        expected: { type: 'member', cluster: 'c', name: 'z' } as const,
      },
      'unproven OTHER_MEMBER',
      'opened a',
    ],
  ])('%s', async (_name, identities, nearTold, farTold) => {
    const { runtime, near, far } = await world({}, identities);
    runtime.advance(1);
    expect([near.told, far.told]).toEqual([[nearTold], [farTold]]);
  });
});

describe('listening', () => {
  it('is for one at a time, and ends', async () => {
    const network = memoryLinks();
    const side: Side = { link: undefined, told: [] };
    const first = await network.host('b').listen(undefined, noting(side));
    expect(first.address).toBe('b');
    await expect(network.host('b').listen('b', noting(side))).rejects.toThrow('already');
    await expect(network.host('b').listen('c', noting(side))).rejects.toThrow('this host is b');
    await first.close();
    await (await network.host('b').listen('b', noting(side))).close();
  });

  it('needs delays that can be', () => {
    expect(() => memoryLinks({ minDelayMs: 2, maxDelayMs: 1 })).toThrow(InvalidArgumentError);
  });
});
