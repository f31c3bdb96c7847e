/**
 * A page of a real browser is a full member: it dials, and its vote counts. Needs Chromium: see
 * `@quorate/chromium`.
 */
import {
  bundle,
  hasChromium,
  openSite,
  type RunningBrowser,
  type Site,
  startFreshChromium,
} from '@quorate/chromium';
import type { Member } from '@quorate/core';
import {
  add,
  type CounterAnswer,
  type CounterCommand,
  counterMachine,
  type CounterQuery,
  type CounterResult,
} from '@quorate/machine-counter';
import { raft } from '@quorate/raft';
import { openReplica, type Replica } from '@quorate/replica';
import { memoryStorage } from '@quorate/storage-memory';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { wsTransport } from '../../src/index.ts';

type CounterReplica = Replica<CounterCommand, CounterResult, CounterQuery, CounterAnswer>;

let site: Site | undefined;
let browser: RunningBrowser | undefined;

const soon = { timeout: 10_000, interval: 20 };

/** An address that was free a moment ago. */
async function reserve(): Promise<string> {
  const transport = wsTransport({ listen: '127.0.0.1:0' });
  await transport.start({ cluster: 'reserve', node: 'reserve', receive: () => undefined });
  const { address = '' } = transport;
  await transport.close();
  return address;
}

async function openMember(
  node: string,
  members: readonly Member[],
  origin: string,
): Promise<CounterReplica> {
  const address = members.find(({ id }) => id === node)?.address ?? '';
  const replica = await openReplica({
    node,
    cluster: 'browser',
    members,
    machine: counterMachine(),
    algorithm: raft(),
    storage: memoryStorage(),
    transport: wsTransport({ listen: new URL(address).host, origins: [origin] }),
  });
  onTestFinished(() => replica.close());
  return replica;
}

async function addAll(replica: CounterReplica, count: number): Promise<readonly number[]> {
  const results = await replica.executeAll(Array.from({ length: count }, () => add('n', 1n)));
  return results.map(({ value }) => Number(value));
}

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

describe.skipIf(!hasChromium())('a page of a real browser', () => {
  beforeAll(async () => {
    site = await openSite(await bundle(new URL('.', import.meta.url), ['page']));
    browser = await startFreshChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.kill();
    site?.close();
  });

  it('is a full member: two of three go on, and one of the two is the page', async () => {
    if (site === undefined || browser === undefined) throw new Error('there is no browser');
    const { origin, url } = site;
    const members: readonly Member[] = [
      { id: 'a', address: await reserve() },
      { id: 'b', address: await reserve() },
      { id: 'page' },
    ];
    const a = await openMember('a', members, origin);
    const b = await openMember('b', members, origin);
    const page = await browser.context.newPage();
    await page.goto(url);
    await page.evaluate((members) => memberPage.open('page', members), members);
    const addInPage = (count: number): Promise<readonly number[]> =>
      page.evaluate((count) => memberPage.add(count), count);

    expect(await addInPage(50)).toEqual(numbers(1, 50));
    expect(await addAll(a, 50)).toEqual(numbers(51, 100));
    await b.close();
    expect(await addAll(a, 50)).toEqual(numbers(101, 150));
    expect(await addInPage(50)).toEqual(numbers(151, 200));

    await expect
      .poll(async () => (await page.evaluate(() => memberPage.state())).appliedIndex, soon)
      .toBe(a.status.appliedIndex);
    const { stateHash } = await page.evaluate(() => memberPage.state());
    expect(stateHash).toMatch(/^[0-9a-f]{16}$/);
    expect(stateHash).toBe(a.status.stateHash);
    await page.close();
  });
});
