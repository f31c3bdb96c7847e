/**
 * Flags that several commands share.
 */
import type { ClientAccessFiles } from '@quorate/connections/access';
import { type Consistency, InvalidArgumentError } from '@quorate/core';
import { accessOf, parsed, withAccessFlags, withTimeout } from '@quorate/program/command-line';
import type { Command } from 'commander';
import type { HttpKvClient } from '../http-client/client.ts';

/** Where commands look for the HTTP side of nodes unless told: where a demo has it. */
export const defaultEndpoints = '127.0.0.1:7401,7402,7403';

/** Flags of every command that talks to nodes over HTTP. */
export interface HttpFlags extends ClientAccessFiles {
  /** As it was given: what it means depends on whether TLS is spoken. */
  readonly endpoints: string;
  readonly timeout: number;
}

/** Adds them. */
export function withHttpFlags(command: Command): Command {
  return withTimeout(
    withAccessFlags(
      command.option(
        '--endpoints <urls>',
        'nodes to ask, in turn; a bare port stands for the host before it (env QUORATE_ENDPOINTS)',
        parsed(checkedEndpoints),
        checkedEndpoints(process.env['QUORATE_ENDPOINTS'] ?? defaultEndpoints, 'QUORATE_ENDPOINTS'),
      ),
    ),
  );
}

/** Adds the flag of reads. */
export function withConsistency(command: Command): Command {
  return command.option(
    '--consistency <how>',
    'linearizable, lease (trusts clocks a little) or local (may be stale)',
    parsed(consistencyOf),
    'linearizable',
  );
}

/**
 * An HTTP client for the flags.
 *
 * @throws ServiceError with the code USAGE.
 * @throws InvalidArgumentError for certificates that cannot work.
 */
export async function httpClientOf(flags: HttpFlags): Promise<HttpKvClient> {
  // Most commands do without.
  const { HttpKvClient: Client } = await import('../http-client/client.ts');
  const access = accessOf(flags);
  const scheme = access.tls === undefined ? 'http' : 'https';
  const endpoints = parseEndpoints(flags.endpoints, '--endpoints', scheme);
  return new Client({ endpoints, timeoutMs: flags.timeout, ...access });
}

/**
 * Base addresses out of `http://host:1,2,host:3`: whole ones, `host:port`, or ports of the same host.
 *
 * @param scheme of those that do not say.
 * @throws InvalidArgumentError if one of them is none.
 */
export function parseEndpoints(
  text: string,
  what: string,
  scheme: 'http' | 'https' = 'http',
): readonly string[] {
  let host = `${scheme}://127.0.0.1`;
  return text.split(',').map((part) => {
    const item = part.trim();
    const whole = /^\d+$/.test(item) ? `${host}:${item}` : item;
    const url = whole.includes('://') ? whole : `${scheme}://${whole}`;
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new InvalidArgumentError(
        `${what} must be a list like ${defaultEndpoints}, got ${JSON.stringify(text.slice(0, 120))}`,
      );
    }
    const { protocol, hostname, origin } = new URL(url);
    host = `${protocol}//${hostname}`;
    return origin;
  });
}

function checkedEndpoints(text: string, what: string): string {
  parseEndpoints(text, what);
  return text;
}

function consistencyOf(text: string, what: string): Consistency {
  if (text === 'linearizable' || text === 'lease' || text === 'local') return text;
  throw new InvalidArgumentError(`${what} must be linearizable, lease or local`);
}
