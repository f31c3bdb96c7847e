/** Links over channels: who listens, what is bounded, and what others may say on a channel. */
import { fromUtf8, InvalidArgumentError, TransportFailedError, utf8 } from '@quorate/core';
import type { Expected, Link, LinkHandler, Listener } from '@quorate/connections';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  broadcastLinks,
  type BroadcastLinksOptions,
  broadcastTransport,
  type BroadcastTransportOptions,
} from '../src/index.ts';

const anybody: Expected = { type: 'host' };

/** One end, and everything that it was told. */
class Side {
  link: Link | undefined;
  readonly told: string[] = [];
  bytes = 0;

  readonly take = (link: Link): LinkHandler => {
    this.link = link;
    onTestFinished(() => {
      link.destroy();
    });
    return {
      opened: (identity) => this.told.push(`opened ${identity?.name ?? 'unknown'}`),
      unproven: ({ code }) => this.told.push(`unproven ${code}`),
      data: (chunk) => {
        this.bytes += chunk.length;
        if (chunk.length < 100) this.told.push(fromUtf8(chunk));
      },
      drained: () => this.told.push('drained'),
      otherSideEnded: () => this.told.push('end'),
      closed: ({ code }) => this.told.push(`closed ${code}`),
    };
  };

  async hears(what: string): Promise<void> {
    await expect.poll(() => this.told, { interval: 2, timeout: 5_000 }).toContain(what);
  }
}

let places = 0;

/** An address that no other test has. */
function newAddress(): string {
  return `test/${String(++places)}`;
}

async function listen(
  address: string,
  side: Side,
  options?: BroadcastLinksOptions,
): Promise<Listener> {
  const listener = await broadcastLinks({ claimMs: 20, ...options }).listen(address, side.take);
  onTestFinished(() => listener.close());
  return listener;
}

/** Two ends of a link that stands. */
async function connected(
  options?: BroadcastLinksOptions,
): Promise<{ readonly near: Side; readonly far: Side; readonly address: string }> {
  const [near, far, address] = [new Side(), new Side(), newAddress()];
  await listen(address, far, options);
  broadcastLinks(options).dial(address, anybody, near.take);
  await Promise.all([near.hears('opened unknown'), far.hears('opened unknown')]);
  return { near, far, address };
}

/** Long enough for everything that was posted to arrive. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 40));
}

describe('a link', () => {
  it('carries bytes both ways, in order, and ends in order', async () => {
    const { near, far } = await connected();
    near.link?.write([utf8('one'), utf8(' two')]);
    near.link?.write([utf8('three')]);
    far.link?.write([utf8('back')]);
    await far.hears('three');
    await near.hears('back');
    near.link?.write([utf8('last words')]);
    near.link?.end();
    near.link?.write([utf8('too late')]);
    await Promise.all([near.hears('closed CLOSED'), far.hears('closed CLOSED')]);
    expect(far.told).toEqual([
      'opened unknown',
      'one two',
      'three',
      'last words',
      'end',
      'closed CLOSED',
    ]);
    expect(near.told).toEqual(['opened unknown', 'back', 'end', 'closed CLOSED']);
  });

  it('that is destroyed tells nobody from inside the call, and the other end', async () => {
    const { near, far } = await connected();
    near.link?.write([utf8('last words')]);
    near.link?.destroy();
    expect(near.told).toEqual(['opened unknown']);
    expect(near.link?.closed).toBe(true);
    await Promise.all([near.hears('closed LOST'), far.hears('closed CLOSED')]);
    expect(far.told).toEqual(['opened unknown', 'last words', 'end', 'closed CLOSED']);
  });

  it('is for its two ends alone', async () => {
    const { near, far, address } = await connected();
    const other = new Side();
    broadcastLinks().dial(address, anybody, other.take);
    await other.hears('opened unknown');
    near.link?.write([utf8('private')]);
    await quiet();
    expect(far.link?.closed).toBe(false);
    expect(other.told).toEqual(['opened unknown']);
  });

  it('says how much waits for an end that does not keep up, and when it has caught up', async () => {
    const { near, far } = await connected();
    const piece = new Uint8Array(100_000);
    near.link?.write([piece]);
    expect([near.link?.waitingBytes, near.link?.needsDrain]).toEqual([0, false]);
    for (let more = 0; more < 19; more++) near.link?.write([piece]);
    expect(near.link?.waitingBytes).toBe(2_000_000 - 256 * 1024);
    expect(near.link?.needsDrain).toBe(true);
    await near.hears('drained');
    expect([far.bytes, near.link?.waitingBytes]).toEqual([2_000_000, 0]);
  });

  it('posts what is written, not the memory that it is a part of', async () => {
    const posted: number[] = [];
    class Counted extends BroadcastChannel {
      override postMessage(message: unknown): void {
        if (typeof message === 'object' && message !== null && 'bytes' in message) {
          const { bytes } = message;
          if (bytes instanceof Uint8Array) posted.push(bytes.buffer.byteLength);
        }
        super.postMessage(message);
      }
    }
    const { near, far } = await connected({ BroadcastChannel: Counted });
    const slab = new Uint8Array(1_000_000).fill(120);
    near.link?.write([slab.subarray(10, 15)]);
    await far.hears('xxxxx');
    expect(posted).toEqual([5]);
  });

  it('is not disturbed by what others say on its channels', async () => {
    const names: string[] = [];
    class Named extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        names.push(name);
      }
    }
    const { near, far } = await connected({ BroadcastChannel: Named });
    const nonsense = [
      null,
      7,
      'end',
      {},
      { type: 'unknown' },
      { type: 'data', bytes: 'text' },
      { type: 'read', bytes: -1 },
      { type: 'read', bytes: 1_000_000 },
      { type: 'dial' },
      { type: 'accept', dial: 'another', link: 'another' },
      { type: 'accept', dial: 'another' },
      { type: 'taken', claim: 'another' },
    ];
    for (const name of new Set(names)) {
      const channel = new BroadcastChannel(name);
      for (const each of nonsense) channel.postMessage(each);
      channel.close();
    }
    await quiet();
    near.link?.write([utf8('still here')]);
    await far.hears('still here');
    expect(far.told).toEqual(['opened unknown', 'still here']);
    expect(near.told).toEqual(['opened unknown']);
  });
});

describe('an address', () => {
  it('is for one, and free again when that one has closed', async () => {
    const address = newAddress();
    const first = await listen(address, new Side());
    expect(first.address).toBe(address);
    await expect(listen(address, new Side())).rejects.toBeInstanceOf(TransportFailedError);
    await first.close();
    await first.close();
    await (await listen(address, new Side())).close();
  });

  it('is for exactly one of many that claim it at once', async () => {
    const address = newAddress();
    const claims = Array.from({ length: 8 }, () => listen(address, new Side()));
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  it('that somebody else has taken over breaks the links with whoever was there', async () => {
    const [near, far, address] = [new Side(), new Side(), newAddress()];
    const first = await listen(address, far);
    broadcastLinks().dial(address, anybody, near.take);
    await near.hears('opened unknown');
    await first.close();
    await quiet();
    expect(near.told).toEqual(['opened unknown']);
    await listen(address, new Side());
    await near.hears('closed LOST');
  });

  it.each([
    // A claim that was made before the other one could hear it must be settled by the one that hears.
    ['gives way to a lesser claim, though nobody says that it is taken', '', 'rejected', []],
    ['is kept from a greater claim, which is told so', '~', 'fulfilled', ['taken', 'listening']],
  ] as const)('that is being claimed %s', async (_name, claim, status, said) => {
    const address = newAddress();
    const channel = new BroadcastChannel(`quorate:1:at:${address}`);
    onTestFinished(() => {
      channel.close();
    });
    const heard: string[] = [];
    channel.onmessage = (event) => {
      const { type } = (event as { readonly data: { readonly type: string } }).data;
      if (type === 'claim') channel.postMessage({ type: 'claim', claim });
      else heard.push(type);
    };
    const [outcome] = await Promise.allSettled([listen(address, new Side(), { claimMs: 200 })]);
    await quiet();
    expect(outcome.status).toBe(status);
    expect(heard).toEqual(said);
  });

  it('accepts each dial once, however often it comes', async () => {
    const address = newAddress();
    const accepted: string[] = [];
    await listen(address, new Side());
    const channel = new BroadcastChannel(`quorate:1:at:${address}`);
    onTestFinished(() => {
      channel.close();
    });
    channel.onmessage = (event) => {
      const { type } = (event as { readonly data: { readonly type: string } }).data;
      accepted.push(type);
    };
    for (let more = 0; more < 3; more++) channel.postMessage({ type: 'dial', dial: 'x' });
    await quiet();
    expect(accepted).toEqual(['accept']);
  });

  it('that nobody listens at is reached as soon as somebody does', async () => {
    const [near, far, address] = [new Side(), new Side(), newAddress()];
    broadcastLinks().dial(address, anybody, near.take);
    await quiet();
    expect(near.told).toEqual([]);
    await listen(address, far);
    near.link?.write([utf8('lost: it is not open')]);
    await Promise.all([near.hears('opened unknown'), far.hears('opened unknown')]);
    near.link?.write([utf8('hello')]);
    await far.hears('hello');
    expect(far.told).toEqual(['opened unknown', 'hello']);
  });

  it('is not answered for a link that was given up, or by whoever takes nobody', async () => {
    const [near, far, address] = [new Side(), new Side(), newAddress()];
    broadcastLinks().dial(address, anybody, near.take);
    near.link?.destroy();
    await listen(address, far);
    await near.hears('closed LOST');
    const shut = newAddress();
    const listener = await broadcastLinks({ claimMs: 20 }).listen(shut, () => undefined);
    const other = new Side();
    broadcastLinks().dial(shut, anybody, other.take);
    await quiet();
    expect(far.told).toEqual([]);
    expect(other.told).toEqual([]);
    await listener.close();
  });
});

describe('a node without an address', () => {
  it('is answered on the connection that it has dialled', async () => {
    const [address, heard] = [newAddress(), [] as string[]];
    const a = broadcastTransport({ listen: address, claimMs: 20 });
    const b = broadcastTransport();
    const receive = (from: string, frame: Uint8Array): void => {
      heard.push(`${from}: ${fromUtf8(frame)}`);
    };
    await a.start({
      cluster: 'test',
      node: 'a',
      receive: (from, frame) => {
        receive(from, frame);
        a.send(from, [utf8('hello too')]);
      },
    });
    await b.start({ cluster: 'test', node: 'b', receive });
    onTestFinished(async () => {
      await Promise.all([a.close(), b.close()]);
    });
    b.setPeers([{ id: 'a', address }]);
    b.send('a', [utf8('hello')]);
    await expect.poll(() => heard).toEqual(['b: hello', 'a: hello too']);
    expect([a.address, b.address]).toEqual([address, undefined]);
  });
});

describe('options', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it.each<[string, BroadcastTransportOptions]>([
    ['listen must be', { listen: '' }],
    ['listen must be', { listen: 'with a space' }],
    ['listen must be', { listen: 'x'.repeat(257) }],
    ['claimMs must be positive', { listen: 'a', claimMs: 0 }],
    ['has no option "address"', { address: 'a' } as BroadcastTransportOptions],
  ])('that cannot work say so: %s', (message, options) => {
    expect(() => broadcastTransport(options)).toThrow(InvalidArgumentError);
    expect(() => broadcastTransport(options)).toThrow(message);
  });

  it('a platform without channels says so', () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    expect(() => broadcastTransport({ listen: 'a' })).toThrow('no BroadcastChannel');
  });

  it('addresses that can be none are refused', async () => {
    const links = broadcastLinks();
    expect(() => links.dial('', anybody, new Side().take)).toThrow(InvalidArgumentError);
    await expect(links.listen('', new Side().take)).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(links.listen(undefined, new Side().take)).rejects.toBeInstanceOf(
      TransportFailedError,
    );
  });
});
