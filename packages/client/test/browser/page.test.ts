/**
 * A page is a client of a real group, over WebSockets with TLS: nothing between them but the client that
 * pages load. Needs Chromium: see `@quorate/chromium`.
 */
import { gzipSync } from 'node:zlib';
import { makeAuthority } from '@quorate/certificates';
import {
  bundle,
  hasChromium,
  openSite,
  type RunningBrowser,
  type Site,
  startFreshChromium,
  trusting,
} from '@quorate/chromium';
import type { TlsTrust } from '@quorate/transport-ws';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { algorithms } from '../world.ts';
import { Members, token } from './members.ts';
import type { Connecting } from './protocol.ts';

const soon = { timeout: 10_000, interval: 10 };

const here = new URL('.', import.meta.url);

let site: Site | undefined;
let otherSite: Site | undefined;
let browser: RunningBrowser | undefined;
/** Certificates that the browser is told to trust: one for each member. */
let trusted: readonly TlsTrust[] = [];
/** And one of the same authority that it is not told of. */
let untrusted: TlsTrust | undefined;

/** A page with a client. */
async function visit(at: Site | undefined, options: Connecting): Promise<Page> {
  if (browser === undefined || at === undefined) throw new Error('there is no browser');
  const page = await browser.context.newPage();
  onTestFinished(() => page.close());
  await page.goto(at.url);
  await page.evaluate((options) => clientPage.connect(options), options);
  return page;
}

function openMembers(name: keyof typeof algorithms): Promise<Members> {
  return Members.open(algorithms[name], trusted, site?.origin ?? '');
}

/** Waits until the client of a page says why it has no connection, and checks that it can do nothing. */
async function isRefused(page: Page, trouble: RegExp): Promise<void> {
  await expect.poll(() => page.evaluate(() => clientPage.trouble()), soon).toMatch(trouble);
  expect(await page.evaluate(() => clientPage.put(300))).toMatch(/^UnavailableError/);
}

describe.skipIf(!hasChromium())('a page of a real browser', () => {
  beforeAll(async () => {
    const scripts = await bundle(here, ['page']);
    [site, otherSite] = [await openSite(scripts), await openSite(scripts)];
    const authority = await makeAuthority();
    const issue = async (): Promise<TlsTrust & { readonly cert: string }> => ({
      ca: authority.ca,
      ...(await authority.issue({ addresses: ['127.0.0.1'] })),
    });
    const good = await Promise.all([issue(), issue(), issue()]);
    trusted = good;
    untrusted = await issue();
    browser = await startFreshChromium([trusting(good.map(({ cert }) => cert))]);
  }, 60_000);

  afterAll(async () => {
    await browser?.kill();
    site?.close();
    otherSite?.close();
  });

  it.each(['raft', 'paxos'] as const)(
    'executes, queries and watches on %s, and loses and doubles nothing when the leader goes',
    async (name) => {
      const members = await openMembers(name);
      onTestFinished(() => members.close());
      await expect.poll(() => members.leader, soon).toBeDefined();
      const page = await visit(site, { endpoints: members.endpoints, token });
      const done = (): Promise<number> => page.evaluate(() => clientPage.done());
      const putting = page.evaluate(() => clientPage.putAlways());
      await expect.poll(done, soon).toBeGreaterThan(100);
      const { leader = '' } = members;
      await members.stop(leader);
      await expect.poll(done, soon).toBeGreaterThan((await done()) + 200);
      await page.evaluate(() => clientPage.finish());

      const { versions, watched, version, nodes } = await putting;
      const all = Array.from({ length: await done() }, (_, at) => at + 1);
      expect(versions).toEqual(all);
      expect(watched).toEqual(all);
      expect(version).toBe(all.length);
      expect(nodes).toContain(leader);
      expect(nodes.at(-1)).not.toBe(leader);
      await page.evaluate(() => clientPage.close());
    },
  );

  describe('that has no business with a member', () => {
    let opened: Members | undefined;

    beforeAll(async () => {
      opened = await openMembers('raft');
    });

    afterAll(() => opened?.close());

    function running(): Members {
      if (opened === undefined) throw new Error('there are no members');
      return opened;
    }

    it('is refused if it is of another site, whatever token it has', async () => {
      const members = running();
      const page = await visit(otherSite, { endpoints: members.endpoints, token });
      await isRefused(page, /closed with 1006/);
      expect(members.refusals).toContain('ORIGIN_REFUSED');
    });

    it('is refused with a wrong token, and told so', async () => {
      const members = running();
      const page = await visit(site, { endpoints: members.endpoints, token: 'a wrong one' });
      await isRefused(page, /no token/);
      expect(members.refusals).toContain('UNAUTHENTICATED');
    });

    it('does not speak to it if the browser does not trust its certificate', async () => {
      const members = running();
      if (untrusted === undefined) throw new Error('there is no certificate');
      const beside = await members.serveBeside('a', untrusted);
      onTestFinished(() => beside.close());
      const page = await visit(site, { endpoints: [beside.address], token });
      await isRefused(page, /closed with 1006/);
      expect(members.refusals).toContain('TLS_FAILED');
    });

    it('is served if it is of this site, with this token', async () => {
      const page = await visit(site, { endpoints: running().endpoints, token });
      expect(await page.evaluate(() => clientPage.put(10_000))).toBe('done');
    });
  });
});

describe('what a page loads', () => {
  it('is small: the client and its links', async () => {
    const [script] = await bundle(here, ['whole-client'], true);
    const bytes = Buffer.from(script?.code ?? '');
    // 42 and 14 kB when this was written; below so little it would not be whole.
    expect(bytes.length).toBeGreaterThan(20_000);
    expect(bytes.length).toBeLessThan(60_000);
    expect(gzipSync(bytes).length).toBeLessThan(20_000);
  });
});
