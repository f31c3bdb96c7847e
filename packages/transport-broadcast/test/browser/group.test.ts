/**
 * Three tabs of a real browser are a group: no server, no other process. Needs Chromium: see
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
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlgorithmName, NodePicture } from './protocol.ts';

let site: Site | undefined;
let browser: RunningBrowser | undefined;

const soon = { timeout: 10_000, interval: 50 };

/** The tabs of one group, by the name of their node. */
class Group {
  readonly tabs = new Map<string, Page>();
  readonly algorithm: AlgorithmName;

  constructor(algorithm: AlgorithmName) {
    this.algorithm = algorithm;
  }

  /** Opens a tab, and its node on whatever its database holds. */
  async open(node: string): Promise<void> {
    if (site === undefined || browser === undefined) throw new Error('there is no browser');
    const page = await browser.context.newPage();
    await page.goto(site.url);
    const start = (): Promise<string | undefined> =>
      page.evaluate(([algorithm, id]) => nodeTab.start(algorithm, id), [
        this.algorithm,
        node,
      ] as const);
    // The browser lets go of the lock of a database some time after its tab.
    await expect.poll(start, soon).toBeUndefined();
    this.tabs.set(node, page);
  }

  at(node: string): Page {
    const page = this.tabs.get(node);
    if (page === undefined) throw new Error(`${node} has no tab`);
    return page;
  }

  /** The first that is not this one. */
  another(node: string): string {
    const other = [...this.tabs.keys()].find((each) => each !== node);
    if (other === undefined) throw new Error(`${node} is alone`);
    return other;
  }

  pictures(): Promise<readonly NodePicture[]> {
    return Promise.all(
      [...this.tabs.values()].map((page) => page.evaluate(() => nodeTab.picture())),
    );
  }

  /** The leader that all tabs agree on, once it is one of them. */
  async leader(): Promise<string> {
    let agreed: string | undefined;
    await expect
      .poll(async () => {
        const leaders = new Set((await this.pictures()).map(({ leader }) => leader));
        [agreed] = leaders;
        return leaders.size === 1 && agreed !== undefined && this.tabs.has(agreed);
      }, soon)
      .toBe(true);
    return agreed ?? '';
  }

  add(node: string, count: number): Promise<readonly number[]> {
    return this.at(node).evaluate((count) => nodeTab.add(count), count);
  }

  /** Ends a tab in the middle of whatever it does: it says goodbye to nobody. */
  async kill(node: string): Promise<void> {
    await this.at(node).close({ runBeforeUnload: false });
    this.tabs.delete(node);
  }

  async close(): Promise<void> {
    await Promise.all([...this.tabs.values()].map((page) => page.close()));
  }
}

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

describe.skipIf(!hasChromium())('three tabs of a real browser', () => {
  beforeAll(async () => {
    const here = new URL('.', import.meta.url);
    site = await openSite(await bundle(here, ['page', 'node.worker']));
    browser = await startFreshChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.kill();
    site?.close();
  });

  it.each(['raft', 'paxos'] as const)(
    'are a group on %s, and outlive one of them',
    async (name) => {
      const group = new Group(name);
      await Promise.all(['a', 'b', 'c'].map((node) => group.open(node)));
      const first = await group.leader();

      // Any tab takes commands.
      expect(await group.add(group.another(first), 100)).toEqual(numbers(1, 100));
      expect(await group.add(first, 100)).toEqual(numbers(101, 200));

      await group.kill(first);
      const second = await group.leader();
      expect(second).not.toBe(first);
      expect(await group.add(group.another(second), 100)).toEqual(numbers(201, 300));

      // It comes back with what it had, and hears of the rest.
      await group.open(first);
      await group.leader();
      expect(await group.at(first).evaluate(() => nodeTab.read())).toBe(300);
      expect(await group.add(first, 10)).toEqual(numbers(301, 310));

      await expect
        .poll(async () => {
          const pictures = await group.pictures();
          return new Set(pictures.map(({ appliedIndex }) => appliedIndex)).size;
        }, soon)
        .toBe(1);
      const hashes = (await group.pictures()).map(({ stateHash }) => stateHash);
      expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
      expect(hashes).toEqual([hashes[0], hashes[0], hashes[0]]);
      await group.close();
    },
  );

  it('have one node each: a second one of the same name is refused', async () => {
    const group = new Group('raft');
    await group.open('a');
    const page = await browser?.context.newPage();
    if (page === undefined || site === undefined) throw new Error('there is no browser');
    await page.goto(site.url);
    expect(await page.evaluate(() => nodeTab.start('raft', 'a'))).toBe('LOCKED');
    await page.close();
    await group.close();
  });
});
