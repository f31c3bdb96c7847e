/** `quorate-kv members`: who belongs to the group, and how to change that. */
import { checkName, type MemberChange } from '@quorate/core';
import { memberOfText, table, usageError, writeJson, writeLine } from '@quorate/program';
import { parsed } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { ServiceError } from '../errors.ts';
import { getStatus, postJson } from '../http-client/calls.ts';
import { arrayOf, type JsonObject, objectOf } from '../json.ts';
import { type HttpFlags, httpClientOf, withHttpFlags } from './options.ts';

interface MemberFlags extends HttpFlags {
  readonly json: boolean;
}

type Steps = readonly MemberChange[];

export function addMembers(program: Command): void {
  const members = program
    .command('members')
    .description('list or change the members of the group')
    .addHelpText(
      'after',
      '\nOne change, of one or more steps that take effect together:\n' +
        '  quorate-kv members change --add-voter n4=127.0.0.1:7414 --remove n1',
    );
  const list = members.command('list', { isDefault: true }).description('list the members');
  withHttpFlags(list.option('--json', 'print JSON', false)).action(listMembers);

  const shortcut = (name: MemberChange['type'], argument: string, description: string): void => {
    const command = members.command(name).description(description);
    withHttpFlags(
      command
        .argument(
          argument,
          undefined,
          parsed((text, what) => stepOf(name, text, what)),
        )
        .option('--json', 'print JSON', false),
    ).action(async (step: MemberChange, flags: MemberFlags) => change([step], flags));
  };
  shortcut('add-learner', '<node=host:port>', 'add a member that listens and does not vote');
  shortcut('add-voter', '<node=host:port>', 'add a voter, or promote a learner');
  shortcut('remove', '<node>', 'remove a member');
  shortcut('move', '<node=host:port>', 'give a member another address');

  const change_ = members.command('change').description('several steps that take effect together');
  for (const type of ['add-learner', 'add-voter', 'remove', 'move'] as const) {
    const value = type === 'remove' ? '<node>' : '<node=host:port>';
    change_.option(
      `--${type} ${value}`,
      `step: ${type}`,
      (text: string, before: Steps | undefined) => [
        ...(before ?? []),
        parsed((word, what) => stepOf(type, word, what))(text),
      ],
    );
  }
  withHttpFlags(change_.option('--json', 'print JSON', false)).action(
    async (flags: MemberFlags & Readonly<Record<string, unknown>>) => {
      const steps = ['addLearner', 'addVoter', 'remove', 'move'].flatMap(
        (name) => (flags[name] as Steps | undefined) ?? [],
      );
      await change(steps, flags);
    },
  );

  const transfer = members
    .command('transfer')
    .description('hand leadership over')
    .argument('[node]', 'to this node; otherwise to the best follower');
  withHttpFlags(transfer.option('--json', 'print JSON', false)).action(
    async (to: string | undefined, flags: MemberFlags) => {
      const body = to === undefined ? {} : { to };
      const answer = await postJson(await httpClientOf(flags), '/v1/transfer', body, {
        repeatable: true,
      });
      const leader = answer['leader'] ?? 'not known here yet; see quorate-kv status';
      await (flags.json ? writeJson(answer) : writeLine(`leader ${text(leader)}`));
    },
  );
}

async function listMembers(flags: MemberFlags): Promise<void> {
  const client = await httpClientOf(flags);
  let last: ServiceError | undefined;
  for (const endpoint of client.endpoints) {
    const answer = await getStatus(client, endpoint);
    if (answer instanceof ServiceError) last = answer;
    else return show(answer, flags);
  }
  if (last !== undefined) throw last;
}

async function change(steps: Steps, flags: MemberFlags): Promise<void> {
  if (steps.length === 0) {
    throw usageError('change what? Name steps, such as --add-voter n4 --remove n1');
  }
  const changes = steps.map((step) =>
    step.type === 'remove' ? step : { type: step.type, ...step.member },
  );
  const answer = await postJson(
    await httpClientOf(flags),
    '/v1/members',
    { changes },
    { repeatable: false },
  );
  if (answer['members'] !== null) return show(answer, flags);
  // It is in force, and the node that was asked has not heard of it: it may be the one removed.
  await (flags.json
    ? writeJson(answer)
    : writeLine('done; `quorate-kv members` at another node shows the members'));
}

async function show(answer: JsonObject, flags: MemberFlags): Promise<void> {
  const members = arrayOf(answer['members'], 'members').map((item) => objectOf(item, 'a member'));
  if (flags.json) return writeJson({ members });
  const rows = members.map(({ id, role, address }) => [text(id), text(role), text(address)]);
  await writeLine(table([['NODE', 'ROLE', 'PEER ADDRESS'], ...rows]));
}

function stepOf(type: MemberChange['type'], word: string, what: string): MemberChange {
  if (type === 'remove') return { type, id: checkName(word, what) };
  // A promotion need not repeat the address.
  const member = word.includes('=') ? memberOfText(word, what) : { id: checkName(word, what) };
  return { type, member };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '-';
}
