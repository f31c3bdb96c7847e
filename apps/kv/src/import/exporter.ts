/**
 * Reads everything with a prefix, page by page, all pages at one revision: a consistent cut, however
 * long it takes and whatever is written meanwhile.
 */
import { describeError } from '@quorate/core';
import type { KvPair } from '@quorate/machine-kv';
import { codeOf } from '@quorate/program';
import { ServiceError } from '../errors.ts';
import { getPage, type Page } from '../client/calls.ts';
import type { KvClient } from '../client/connect.ts';

const pageRecords = 1_000;

/** The pairs in the order of their keys, a page at a time. */
export async function* exportPages(
  client: Pick<KvClient, 'query'>,
  prefix: string,
): AsyncGenerator<readonly KvPair[], void, undefined> {
  let position: { readonly revision: number; readonly after: string } | undefined;
  do {
    const page: Page = await getPage(client, { prefix, limit: pageRecords, ...position }).catch(
      (error: unknown) => {
        throw explain(error);
      },
    );
    yield page.pairs;
    position = page.next === undefined ? undefined : { revision: page.revision, after: page.next };
  } while (position !== undefined);
}

function explain(error: unknown): unknown {
  if (codeOf(error) !== 'COMPACTED') return error;
  const message = `${describeError(error)}; so much was written meanwhile that the cut is gone: export again`;
  return new ServiceError('COMPACTED', message, { cause: error });
}
