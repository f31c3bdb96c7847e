/**
 * Who belongs to a group, who votes, and how one membership turns into the next.
 *
 * A membership may be *joint* (Ongaro and Ousterhout 2014, section 6): then `outgoing` holds the
 * voters of the old configuration, and every decision needs a majority of `voters` and one of
 * `outgoing`. Learners receive everything and decide nothing. During a joint phase a voter that is
 * being demoted stands in `outgoing` and in `learners`, and it votes.
 */
import type { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { InvalidArgumentError, MalformedError } from './errors.ts';
import { checkName, maxNameLength, type NodeId } from './ids.ts';

/** One node of a group. */
export interface Member {
  readonly id: NodeId;
  /** How the transport reaches it (`host:port`, URL, …); opaque to everything else. */
  readonly address?: string;
}

/** Who decides, and who merely listens. All lists are sorted by id and hold each id once. */
export interface Membership {
  readonly voters: readonly Member[];
  /** The old voters while a change is under way (joint consensus), otherwise empty. */
  readonly outgoing: readonly Member[];
  readonly learners: readonly Member[];
}

/** One step of a change; a list of them takes effect as a whole. */
export type MemberChange =
  /** Adds a voter, or promotes a learner. */
  | { readonly type: 'add-voter'; readonly member: Member }
  /** Adds a learner, or demotes a voter. */
  | { readonly type: 'add-learner'; readonly member: Member }
  | { readonly type: 'remove'; readonly id: NodeId }
  /** Gives a member another address, nothing else. */
  | { readonly type: 'move'; readonly member: Member };

/** Steps that take effect together. */
export type MembershipChange = readonly MemberChange[];

/** Most members that a membership may have, learners and leaving voters included. */
export const maxMembers = 64;

/** Longest address, in bytes of UTF-8. */
export const maxAddressBytes = 256;

/** Nobody: what a node knows that is going to be added to a group later. */
export const emptyMembership: Membership = { voters: [], outgoing: [], learners: [] };

/** A membership in which all of these vote. */
export function membershipOf(voters: readonly Member[]): Membership {
  return checkMembership({ voters: sorted(voters), outgoing: [], learners: [] });
}

/** Whether a change is under way that needs majorities of two sets of voters. */
export function isJoint(membership: Membership): boolean {
  return membership.outgoing.length > 0;
}

/** Whether the node's vote counts, in the new or the old set. */
export function isVoter(membership: Membership, id: NodeId): boolean {
  return has(membership.voters, id) || has(membership.outgoing, id);
}

/** Whether the node belongs to the group in any role. */
export function isMember(membership: Membership, id: NodeId): boolean {
  return isVoter(membership, id) || has(membership.learners, id);
}

/** Every node whose vote counts, once, sorted. */
export function voterIds(membership: Membership): readonly NodeId[] {
  return ids([...membership.voters, ...membership.outgoing]);
}

/** Every node of the group, once, sorted. */
export function memberIds(membership: Membership): readonly NodeId[] {
  return ids(allMembers(membership));
}

/** Every member once, sorted; where the lists differ in the address, the new one counts. */
export function allMembers(membership: Membership): readonly Member[] {
  const byId = new Map<NodeId, Member>();
  for (const list of [membership.voters, membership.learners, membership.outgoing]) {
    for (const member of list) if (!byId.has(member.id)) byId.set(member.id, member);
  }
  return sorted([...byId.values()]);
}

/**
 * The membership to go to first for a change: a joint one where the voters change, otherwise the
 * final one.
 *
 * @throws InvalidArgumentError if the change makes no sense (nothing changes, an unknown node, no
 * voter left, too many members, counting those who leave) or another one is under way.
 */
export function beginChange(from: Membership, change: MembershipChange): Membership {
  if (isJoint(from))
    throw new InvalidArgumentError('a membership change is under way; wait for it');
  if (change.length === 0) throw new InvalidArgumentError('an empty membership change');
  const voters = new Map(from.voters.map((member) => [member.id, member]));
  const learners = new Map(from.learners.map((member) => [member.id, member]));
  for (const step of change) applyStep(step, voters, learners);
  const target = checkMembership({
    voters: sorted([...voters.values()]),
    outgoing: [],
    learners: sorted([...learners.values()]),
  });
  if (equalMemberships(from, target)) {
    throw new InvalidArgumentError('the membership change changes nothing');
  }
  const sameVoters = ids(from.voters).join(' ') === ids(target.voters).join(' ');
  // Those who leave count until they are gone: `decodeMembership` would refuse more, on every node.
  return sameVoters ? target : checkMembership({ ...target, outgoing: from.voters });
}

/** The membership after a joint one: the old voters go. */
export function completeChange(joint: Membership): Membership {
  return { ...joint, outgoing: [] };
}

/** Whether two memberships are the same in every field. */
export function equalMemberships(left: Membership, right: Membership): boolean {
  return listsOf(left).every((list, at) => equalLists(list, listsOf(right)[at] ?? []));
}

/** Encodes a membership. */
export function encodeMembership(membership: Membership, writer: ByteWriter): void {
  for (const list of listsOf(membership)) {
    writer.u16(list.length);
    for (const member of list) writer.string(member.id).string(member.address ?? '');
  }
}

/**
 * Decodes a membership.
 *
 * @throws MalformedError if the bytes are not one, or one that may not be.
 */
export function decodeMembership(reader: ByteReader): Membership {
  const list = (): readonly Member[] => {
    const count = reader.u16();
    if (count > maxMembers) throw new MalformedError(`${String(count)} members are too many`);
    const members: Member[] = [];
    for (let item = 0; item < count; item++) {
      const id = reader.string(maxNameLength);
      const address = reader.string(maxAddressBytes);
      members.push(address === '' ? { id } : { id, address });
    }
    return members;
  };
  const voters = list();
  const outgoing = list();
  const learners = list();
  const membership = { voters, outgoing, learners };
  if (voters.length + outgoing.length + learners.length === 0) return emptyMembership;
  try {
    return checkMembership(membership);
  } catch (cause) {
    throw new MalformedError('not a valid membership', { cause });
  }
}

/** A membership as bytes of its own. */
export function membershipBytes(membership: Membership): Uint8Array {
  const writer = new ByteWriter(256);
  encodeMembership(membership, writer);
  return writer.take();
}

function applyStep(
  step: MemberChange,
  voters: Map<NodeId, Member>,
  learners: Map<NodeId, Member>,
): void {
  const known = (id: NodeId): Member | undefined => voters.get(id) ?? learners.get(id);
  switch (step.type) {
    case 'add-voter':
    case 'add-learner': {
      // A promotion need not repeat the address.
      const address = step.member.address ?? known(step.member.id)?.address;
      const member: Member = address === undefined ? step.member : { ...step.member, address };
      const [to, other] = step.type === 'add-voter' ? [voters, learners] : [learners, voters];
      other.delete(member.id);
      to.set(member.id, member);
      return;
    }
    case 'remove':
      if (!voters.delete(step.id) && !learners.delete(step.id)) {
        throw new InvalidArgumentError(`${step.id} is not a member`);
      }
      return;
    case 'move': {
      const list = voters.has(step.member.id) ? voters : learners;
      if (!list.has(step.member.id)) {
        throw new InvalidArgumentError(`${step.member.id} is not a member`);
      }
      list.set(step.member.id, step.member);
    }
  }
}

function checkMembership(membership: Membership): Membership {
  if (membership.voters.length === 0) {
    throw new InvalidArgumentError('a membership needs at least one voter');
  }
  if (allMembers(membership).length > maxMembers) {
    throw new InvalidArgumentError(`a membership has at most ${String(maxMembers)} members`);
  }
  for (const list of listsOf(membership)) {
    list.forEach((member, at) => {
      checkName(member.id, 'a node id');
      const before = list[at - 1];
      if (before !== undefined && before.id >= member.id) {
        throw new InvalidArgumentError(
          `${member.id} stands twice, or out of order, in a membership`,
        );
      }
      if (member.address === undefined) return;
      if (!/^[\x21-\x7e]+$/.test(member.address) || member.address.length > maxAddressBytes) {
        throw new InvalidArgumentError(
          `the address of ${member.id} must be 1 to ${String(maxAddressBytes)} printable ASCII characters`,
        );
      }
    });
  }
  const both = membership.voters.find((voter) => has(membership.learners, voter.id));
  if (both !== undefined) {
    throw new InvalidArgumentError(`${both.id} cannot be voter and learner at once`);
  }
  return membership;
}

function listsOf(membership: Membership): readonly (readonly Member[])[] {
  return [membership.voters, membership.outgoing, membership.learners];
}

function equalLists(left: readonly Member[], right: readonly Member[]): boolean {
  return (
    left.length === right.length &&
    left.every((member, at) => {
      const other = right[at];
      return other?.id === member.id && other.address === member.address;
    })
  );
}

function has(list: readonly Member[], id: NodeId): boolean {
  return list.some((member) => member.id === id);
}

function sorted(members: readonly Member[]): readonly Member[] {
  return [...members].sort((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
}

function ids(members: readonly Member[]): readonly NodeId[] {
  return [...new Set(members.map((member) => member.id))].sort();
}
