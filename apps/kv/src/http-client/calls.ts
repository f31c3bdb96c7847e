/**
 * The calls of the HTTP interface that commands make, with their answers checked.
 */
import { serviceError, ServiceError } from '../errors.ts';
import { type JsonObject, objectOf, parseJson } from '../json.ts';
import type { KvResponse } from './attempt.ts';
import type { HttpKvClient, SendOptions } from './client.ts';

/** Posts JSON, and gives the JSON that comes back. */
export async function postJson(
  client: HttpKvClient,
  path: string,
  body: unknown,
  options: SendOptions,
): Promise<JsonObject> {
  const contentType = 'application/json';
  return jsonOf(
    await client.send({ method: 'POST', path, body: JSON.stringify(body), contentType }, options),
  );
}

/** What a node says of itself, or why it says nothing. */
export async function getStatus(
  client: HttpKvClient,
  endpoint: string,
): Promise<JsonObject | ServiceError> {
  const result = await client.ask(endpoint, { method: 'GET', path: '/v1/status' });
  if (result.type !== 'answered') return result.error;
  try {
    return jsonOf(result.response);
  } catch (error) {
    return error instanceof ServiceError ? error : serviceError('MALFORMED', String(error));
  }
}

/** The JSON object of an answer. @throws MalformedError | InvalidArgumentError if it has none. */
function jsonOf(response: KvResponse): JsonObject {
  const what = `the answer of ${response.endpoint}`;
  return objectOf(parseJson(Buffer.from(response.body).toString('utf8'), what), what);
}
