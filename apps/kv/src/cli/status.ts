/** `quorate-kv status`: what every node says of itself, side by side. */
import { table, writeJson, writeLine } from '@quorate/program';
import type { Command } from 'commander';
import { describeError } from '@quorate/core';
import { serviceError, ServiceError } from '../errors.ts';
import { getStatus } from '../http-client/calls.ts';
import type { JsonObject } from '../json.ts';
import { type HttpFlags, httpClientOf, withHttpFlags } from './options.ts';

const columns: readonly (readonly [title: string, field: string])[] = [
  ['NODE', 'node'],
  ['ROLE', 'role'],
  ['LEADER', 'leader'],
  ['EPOCH', 'epoch'],
  ['APPLIED', 'appliedIndex'],
  ['COMMIT', 'commitIndex'],
  ['STATE HASH', 'stateHash'],
  ['PID', 'pid'],
];

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('show every node; exit code 1 if none tells its status')
    .option('--json', 'print one line of JSON a node', false);
  withHttpFlags(command).action(async (flags: HttpFlags & { readonly json: boolean }) => {
    const client = await httpClientOf(flags);
    const answers = await Promise.all(
      client.endpoints.map(async (endpoint) => ({
        endpoint,
        answer: await getStatus(client, endpoint),
      })),
    );
    if (flags.json)
      for (const { endpoint, answer } of answers) await writeJson(toJson(endpoint, answer));
    else {
      const titles = [...columns.map(([title]) => title), 'HTTP'];
      const rows = answers.map(({ endpoint, answer }) => rowOf(endpoint, answer));
      await writeLine(table([titles, ...rows]));
      for (const { answer } of answers) {
        if (answer instanceof ServiceError) process.stderr.write(`${describeError(answer)}\n`);
      }
    }
    const failures = answers.flatMap(({ answer }) =>
      answer instanceof ServiceError ? [answer] : [],
    );
    if (failures.length === answers.length) {
      // Such as a token that no node accepts: that they do not answer would be wrong.
      const refusal = failures.find(({ code }) => code !== 'UNAVAILABLE' && code !== 'TIMEOUT');
      if (refusal !== undefined) throw refusal;
      throw serviceError(
        'UNAVAILABLE',
        'no node answers; start them, or name them with --endpoints',
      );
    }
  });
}

function toJson(endpoint: string, answer: JsonObject | ServiceError): JsonObject {
  return answer instanceof ServiceError
    ? { http: endpoint, error: { code: answer.code, message: answer.message } }
    : answer;
}

function rowOf(endpoint: string, answer: JsonObject | ServiceError): readonly string[] {
  if (answer instanceof ServiceError) {
    return ['?', 'no answer', ...columns.slice(2).map(() => '-'), endpoint];
  }
  const cell = (field: string): string => {
    const value = answer[field];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '-';
  };
  return [...columns.map(([, field]) => cell(field)), endpoint];
}
