/** Admission: who makes room, where all come from, and that places are given back. */
import { systemRuntime } from '@quorate/core';
import { memoryLinks } from '@quorate/transport-memory';
import { describe, expect, it } from 'vitest';
import {
  checkMemberOptions,
  type Expected,
  type Link,
  type LinkHandler,
  type Links,
  linkTransport,
  type LinkTransport,
} from '../src/index.ts';

const anybody: Expected = { type: 'host' };

/** Somebody who connects, and says nothing. */
interface Guest {
  readonly link: Link;
  end: string | undefined;
}

function visit(links: Links): Guest {
  let end: string | undefined;
  const handler = (link: Link): LinkHandler => ({
    opened: () => undefined,
    unproven: () => link.destroy(),
    data: () => undefined,
    drained: () => undefined,
    otherSideEnded: () => link.end(),
    closed: ({ code }) => {
      end = code;
    },
  });
  const link = links.dial('node', anybody, handler);
  return {
    link,
    get end() {
      return end;
    },
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
  }
}

async function node(
  links: Links,
  limits: { readonly maxConnections: number; readonly maxConnectionsPerHost?: number },
): Promise<LinkTransport> {
  const transport = linkTransport(
    links,
    { address: 'node', advertise: (bound) => bound },
    checkMemberOptions({ ...limits, handshakeTimeoutMs: 60_000 }),
  );
  await transport.start({ cluster: 'test', node: 'n', receive: () => undefined });
  return transport;
}

describe('connections of one host', () => {
  it('are bounded by themselves: it is the oldest of that host that makes room', async () => {
    const network = memoryLinks();
    const transport = await node(network.host('node'), {
      maxConnections: 10,
      maxConnectionsPerHost: 3,
    });
    const other = visit(network.host('good'));
    const guests = Array.from({ length: 6 }, () => visit(network.host('greedy')));
    await settled();
    expect(other.end).toBeUndefined();
    expect(guests.map(({ end }) => end === undefined)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(transport.counters['ended_busy']).toBe(3);
    await transport.close();
  });

  it('give their places back when they end', async () => {
    const network = memoryLinks();
    const transport = await node(network.host('node'), {
      maxConnections: 10,
      maxConnectionsPerHost: 2,
    });
    for (let round = 0; round < 20; round++) {
      const guests = [visit(network.host('guest')), visit(network.host('guest'))];
      await settled();
      expect(guests.map(({ end }) => end)).toEqual([undefined, undefined]);
      for (const { link } of guests) link.destroy();
      await settled();
    }
    expect(transport.counters['ended_busy']).toBe(0);
    expect(network.size).toBe(0);
    await transport.close();
  });
});

describe('connections in all', () => {
  it('are bounded, whatever host they come from', async () => {
    const network = memoryLinks();
    const transport = await node(network.host('node'), { maxConnections: 4 });
    const guests = Array.from({ length: 12 }, (_, at) => visit(network.host(`host${at}`)));
    await settled();
    expect(guests.filter(({ end }) => end === undefined).length).toBe(4);
    expect(guests.slice(8).every(({ end }) => end === undefined)).toBe(true);
    // Two ends for each link that stands.
    expect(network.size).toBe(8);
    await transport.close();
    await settled();
    expect(network.size).toBe(0);
  });
});
