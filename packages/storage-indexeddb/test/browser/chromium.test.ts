/**
 * Storage on the IndexedDB of a real browser. Needs Chromium: see `@quorate/chromium`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundle,
  hasChromium,
  openSite,
  type RunningBrowser,
  type Site,
  startChromium,
} from '@quorate/chromium';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acknowledged } from './protocol.ts';

let site: Site | undefined;
let profile = '';
let browser: RunningBrowser | undefined;

async function newTab(): Promise<Page> {
  if (site === undefined || browser === undefined) throw new Error('there is no browser');
  const page = await browser.context.newPage();
  await page.goto(site.url);
  return page;
}

/** Kills the browser, and starts it again on the same profile. */
async function killBrowser(): Promise<void> {
  await browser?.kill();
  browser = await startChromium(profile);
}

describe.skipIf(!hasChromium())('in a real browser', () => {
  beforeAll(async () => {
    const here = new URL('.', import.meta.url);
    site = await openSite(await bundle(here, ['page', 'suite.worker', 'open.worker']));
    profile = await mkdtemp(join(tmpdir(), 'quorate-browser-'));
    browser = await startChromium(profile);
  }, 60_000);

  afterAll(async () => {
    await browser?.kill();
    site?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  it('passes the suite of all storages, in a worker', { timeout: 120_000 }, async () => {
    const page = await newTab();
    const results = await page.evaluate(() => storagePage.runSuite());
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(results.length).toBeGreaterThan(50);
    await page.close();
  });

  it('syncs before it acknowledges, and locks across tabs', async () => {
    const page = await newTab();
    const opened = await page.evaluate(() => storagePage.open('abilities'));
    expect(opened).toMatchObject({ abilities: { strictDurability: true, webLocks: true } });
    await page.close();
  });

  it('what was written survives a reload, without a close', async () => {
    const page = await newTab();
    await page.evaluate(() => storagePage.open('reload'));
    await page.evaluate(() => storagePage.append(20));
    await page.evaluate(() => storagePage.publish(600_000));
    await page.evaluate(() => storagePage.append(5));
    await page.reload();
    expect(await page.evaluate(() => storagePage.open('reload'))).toMatchObject({
      records: { first: 20, last: 25 },
      snapshot: 600_000,
    });
    expect(await page.evaluate(() => storagePage.readAll())).toEqual({
      indexes: [20, 21, 22, 23, 24, 25],
      snapshotBytes: 600_000,
    });
    await page.close();
  });

  it('S9: a second tab and a worker are refused until the first tab is closed', async () => {
    const [first, second] = [await newTab(), await newTab()];
    await first.evaluate(() => storagePage.open('once'));
    expect(await first.evaluate(() => storagePage.append(3))).toBe(3);
    expect(await second.evaluate(() => storagePage.open('once'))).toEqual({ code: 'LOCKED' });
    expect(await first.evaluate(() => storagePage.openInWorker('once'))).toEqual({
      code: 'LOCKED',
    });
    expect(await first.evaluate(() => storagePage.append(1))).toBe(4);
    await first.close();
    // The browser lets go of a lock some time after its tab.
    await expect
      .poll(() => second.evaluate(() => storagePage.open('once')), { timeout: 10_000 })
      .toMatchObject({ records: { first: 1, last: 4 } });
    await second.close();
  });

  it('S9: without Web Locks a second tab takes over, and the first one stops', async () => {
    const [first, second] = [await newTab(), await newTab()];
    await first.evaluate(() => storagePage.open('fenced', 'none'));
    expect(await first.evaluate(() => storagePage.append(3))).toBe(3);
    expect(await second.evaluate(() => storagePage.open('fenced', 'none'))).toMatchObject({
      records: { first: 1, last: 3 },
      abilities: { webLocks: false },
    });
    expect(await first.evaluate(() => storagePage.append(1))).toBe('STORAGE_FAILED');
    expect(await first.evaluate(() => storagePage.read())).toBe('STORAGE_FAILED');
    expect(await second.evaluate(() => storagePage.append(1))).toBe(4);
    await Promise.all([first.close(), second.close()]);
  });

  it('a database that is deleted under it makes it fail, and does not keep it', async () => {
    const [first, second] = [await newTab(), await newTab()];
    await first.evaluate(() => storagePage.open('deleted'));
    await second.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const request = indexedDB.deleteDatabase('deleted');
          request.onsuccess = resolve;
          request.onerror = reject;
        }),
    );
    expect(await first.evaluate(() => storagePage.append(1))).toBe('STORAGE_FAILED');
    await Promise.all([first.close(), second.close()]);
  });

  it('what was acknowledged is there after the browser was killed', {
    timeout: 60_000,
  }, async () => {
    let last = 0;
    for (const count of [1, 40]) {
      const page = await newTab();
      const opened = await page.evaluate(() => storagePage.open('killed'));
      if ('code' in opened) throw new Error(`cannot be opened: ${opened.code}`);
      // Records behind the last acknowledged one may be there, and no gap.
      const found = opened.records?.last ?? 0;
      expect(found).toBeGreaterThanOrEqual(last);
      const { indexes } = await page.evaluate(() => storagePage.readAll());
      expect(indexes).toEqual(Array.from({ length: found }, (_, at) => at + 1));
      last = await new Promise<number>((resolve) => {
        page.on('console', (message) => {
          const text = message.text();
          if (!text.startsWith(acknowledged)) return;
          const index = Number(text.slice(acknowledged.length));
          if (index >= found + count) resolve(index);
        });
        void page.evaluate(() => storagePage.appendForEver());
      });
      await killBrowser();
    }
    const page = await newTab();
    const opened = await page.evaluate(() => storagePage.open('killed'));
    if ('code' in opened) throw new Error(`cannot be opened: ${opened.code}`);
    expect(opened.records?.last).toBeGreaterThanOrEqual(last);
    await page.close();
  });
});
