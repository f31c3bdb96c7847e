/**
 * `GET /v1/snapshot`: a backup, streamed.
 */
import type { RouteContext } from './context.ts';
import { Params, readParams } from './params.ts';
import type { HttpRequest, Reply } from './reply.ts';

/** Takes one now, or hands out the current snapshot where nothing has changed since. */
export async function takeBackup(request: HttpRequest, { backups }: RouteContext): Promise<Reply> {
  const options = new Params(request.query, readParams).readOptions(request.signal);
  const { header, stream } = await backups.open(options);
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'quorate-snapshot-index': String(header.index),
    },
    body: '',
    stream,
  };
}
