/**
 * Membership and leadership over HTTP. Any node takes these requests; the answer is of the group as it
 * is afterwards, for which a node that does not lead has to wait a moment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  allMembers,
  InvalidArgumentError,
  type MemberChange,
  type Membership,
} from '@quorate/core';
import { kv } from '@quorate/machine-kv';
import { memberOfText } from '@quorate/program';
import { arrayOf, objectOf, stringOf } from '../json.ts';
import type { KvReplica, RouteContext } from './context.ts';
import { jsonBody } from './json-body.ts';
import { Params } from './params.ts';
import { type HttpRequest, jsonReply, type Reply } from './reply.ts';

/** How long an answer waits until this node has heard of what the group has done. */
const hearMs = 1_000;
const pollMs = 10;

/** `POST /v1/members` with `{"changes":[{"type":"add-learner","id":"n4","address":"host:port"},…]}`. */
export async function changeMembers(
  request: HttpRequest,
  { replica }: RouteContext,
): Promise<Reply> {
  new Params(request.query, []);
  const { signal } = request;
  const body = objectOf(await jsonBody(request), 'the body', ['changes']);
  const changes = arrayOf(body['changes'], 'changes').map(memberChangeOf);
  await refuseUnreachable(changes, replica, signal);
  const index = await replica.changeMembership(changes, { signal });
  const heard = await comesTrue(() => replica.status.appliedIndex >= index, signal);
  return jsonReply({ index, members: heard ? membersOf(replica.status.membership) : null });
}

/** `POST /v1/transfer` with `{"to":"n2"}`, or without for the best follower. */
export async function transfer(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  new Params(request.query, []);
  const { signal } = request;
  const body = objectOf(await jsonBody(request), 'the body', ['to']);
  const to = body['to'] === undefined ? undefined : stringOf(body['to'], 'to');
  const { epoch: before } = replica.status;
  await replica.transferLeadership(to, { signal });
  const heard = await comesTrue(() => {
    const { leader, epoch } = replica.status;
    return leader !== undefined && (to === undefined ? epoch > before : leader === to);
  }, signal);
  return jsonReply({ leader: (heard ? replica.status.leader : to) ?? null });
}

/** Members in JSON. */
export function membersOf(membership: Membership): readonly unknown[] {
  const list = (members: Membership['voters'], role: string): readonly unknown[] =>
    members.map(({ id, address }) => ({ id, address: address ?? null, role }));
  return [
    ...list(membership.voters, 'voter'),
    ...list(membership.outgoing, 'outgoing'),
    ...list(membership.learners, 'learner'),
  ];
}

function memberChangeOf(json: unknown, at: number): MemberChange {
  const what = `changes[${String(at)}]`;
  const { type: name, ...fields } = objectOf(json, what, ['type', 'id', 'address']);
  const type = stringOf(name, `${what}.type`);
  const id = stringOf(fields['id'], `${what}.id`);
  const address =
    fields['address'] === undefined ? undefined : stringOf(fields['address'], `${what}.address`);
  const member = address === undefined ? { id } : memberOfText(`${id}=${address}`, what);
  switch (type) {
    case 'add-voter':
    case 'add-learner':
      return { type, member };
    case 'move':
      if (address === undefined) {
        throw new InvalidArgumentError(`${what}.address is missing: where has ${id} moved?`);
      }
      return { type, member };
    case 'remove':
      if (address !== undefined) {
        throw new InvalidArgumentError(`${what}.address: a member that is removed needs none`);
      }
      return { type, id };
    default:
      throw new InvalidArgumentError(`${what}.type must be add-voter, add-learner, remove or move`);
  }
}

/**
 * A member without an address could never be reached. Only one that is there already may leave it
 * away: a learner that becomes a voter.
 */
async function refuseUnreachable(
  changes: readonly MemberChange[],
  replica: KvReplica,
  signal: AbortSignal,
): Promise<void> {
  const named = changes.flatMap((change) => (change.type === 'remove' ? [] : [change.member]));
  const located = named.filter(({ address }) => address !== undefined);
  const stranger = (): string | undefined => {
    const known = [...allMembers(replica.status.membership), ...located];
    return named.find(({ id }) => !known.some((member) => member.id === id))?.id;
  };
  if (stranger() === undefined) return;
  // It may have been added a moment ago through another node: after a read barrier this one knows.
  await replica.read(kv.range({ prefix: '', limit: 1, keysOnly: true }), { signal });
  const unknown = stranger();
  if (unknown === undefined) return;
  throw new InvalidArgumentError(
    `${unknown} is not a member yet: to add it, say where the others reach it`,
  );
}

/** Whether something comes true in time. What is waited for has happened; this node is to hear of it. */
async function comesTrue(look: () => boolean, signal: AbortSignal): Promise<boolean> {
  for (const deadline = performance.now() + hearMs; !look(); ) {
    if (performance.now() >= deadline || signal.aborted) return false;
    await sleep(pollMs);
  }
  return true;
}
