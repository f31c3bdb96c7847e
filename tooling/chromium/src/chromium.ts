/**
 * A Chromium without a window, as a process of its own that can be killed at any moment; a profile can
 * outlive it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BrowserContext, chromium } from 'playwright-core';

/** A browser that runs. */
export interface RunningBrowser {
  /** Its tabs. */
  readonly context: BrowserContext;
  /** Ends all of its processes at once, without a word. */
  kill(): Promise<void>;
}

/**
 * The program: `CHROMIUM_PATH`, or what is on the PATH.
 *
 * @throws Error if there is none.
 */
export function chromiumPath(): string {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined) return named;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    'there is no Chromium: install the package chromium, or set CHROMIUM_PATH to the program',
  );
}

/** Whether tests in a browser can run. Where they must (`CI` is set), they run, and fail without one. */
export function hasChromium(): boolean {
  try {
    return process.env['CI'] !== undefined || chromiumPath() !== '';
  } catch (error) {
    console.warn(`tests in a real browser are skipped: ${String(error)}`);
    return false;
  }
}

/**
 * Starts a browser on a profile.
 *
 * @param flags more of the program's own.
 */
export async function startChromium(
  profile: string,
  flags: readonly string[] = [],
): Promise<RunningBrowser> {
  const child = spawn(
    chromiumPath(),
    [
      '--headless=new',
      // What it visits comes from here, and containers have no sandbox to give.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--no-default-browser-check',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      ...flags,
      'about:blank',
    ],
    // A group of its own, so that all of its processes can be killed together.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    // Fails with the reason where the program cannot be started.
    await once(child, 'spawn');
    const browser = await chromium.connectOverCDP(await debuggingAddress(child));
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('the browser has no tabs');
    return { context, kill: () => kill(child) };
  } catch (error) {
    await kill(child);
    throw error;
  }
}

/** Starts a browser on a profile of its own, which goes with it. */
export async function startFreshChromium(flags: readonly string[] = []): Promise<RunningBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'quorate-browser-'));
  const forget = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const browser = await startChromium(profile, flags);
    return {
      context: browser.context,
      kill: async () => {
        await browser.kill();
        await forget();
      },
    };
  } catch (error) {
    await forget();
    throw error;
  }
}

/**
 * The flag that makes the browser trust these certificates, whoever has signed them. All others are judged
 * as ever.
 *
 * @param certificates as PEM.
 */
export function trusting(certificates: readonly string[]): string {
  const hashes = certificates.map((certificate) => {
    const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(key).digest('base64');
  });
  return `--ignore-certificate-errors-spki-list=${hashes.join(',')}`;
}

async function debuggingAddress(child: ChildProcess): Promise<string> {
  const { stderr } = child;
  if (stderr === null) throw new Error('the browser says nothing');
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr })) {
    const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      stderr.resume();
      return address;
    }
    said.push(line);
  }
  throw new Error(`the browser did not start:\n${said.join('\n')}`);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
