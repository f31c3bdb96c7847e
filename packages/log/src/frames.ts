/**
 * What drivers say to each other, and how it lies in frames.
 *
 * A frame holds everything that one turn has for one peer:
 *
 *     u8 version, u32 group, u48 incarnation of the sender, then messages: u8 kind, u32 length, body
 *
 * The engine's own messages are one kind among the others; their bytes belong to its codec.
 */
import {
  type ByteReader,
  type FrameWriter,
  type LogIndex,
  type MemberChange,
  MalformedError,
  type MembershipChange,
  maxAddressBytes,
  maxMembers,
  maxNameLength,
  type NodeId,
  type Outcome,
  type ReadGuarantee,
  type RejectReason,
  type Ticket,
  unreachable,
} from '@quorate/core';
import { pick } from './choices.ts';
import {
  decodeAccept,
  decodeAck,
  decodeChunk,
  decodeOffer,
  encodeAccept,
  encodeAck,
  encodeChunk,
  encodeOffer,
  type FromReceiver,
  type FromSender,
} from './snapshot-messages.ts';

/** Something that an engine is asked for, here or on the leader. */
export type RequestBody =
  | { readonly kind: 'append'; readonly record: Uint8Array }
  | { readonly kind: 'read'; readonly guarantee: ReadGuarantee }
  | { readonly kind: 'change'; readonly change: MembershipChange }
  | { readonly kind: 'transfer'; readonly to: NodeId | undefined };

/** What is asked for besides appends. */
export type Question = Exclude<RequestBody, { readonly kind: 'append' }>;

/** What became of a request: the engine's own words, or the index that a read has to wait for. */
export type RequestOutcome =
  | Outcome
  | { readonly type: 'ready'; readonly ticket: Ticket; readonly index: LogIndex };

/** A message from one driver to another. */
export type PeerMessage =
  /**
   * Asks the leader. `target` names its run: a restarted node must not take it for new. It is taken
   * in this `epoch` only, so that whoever asks knows when nothing can come of it any more.
   */
  | {
      readonly type: 'request';
      readonly ticket: Ticket;
      readonly target: number;
      readonly epoch: number;
      readonly body: RequestBody;
    }
  /** `target` names the run that asked: the next one uses the same tickets again. */
  | { readonly type: 'outcome'; readonly target: number; readonly outcome: RequestOutcome }
  /** Asks to be told when everything up to `index` is applied. */
  | { readonly type: 'watch'; readonly index: LogIndex }
  | { readonly type: 'applied'; readonly index: LogIndex }
  | FromSender
  | FromReceiver;

/** Kind of the messages that belong to the engine. */
export const engineKind = 0;

const frameVersion = 2;
/** Bytes of a frame before its first message, and of a message before its body. */
export const frameHeaderBytes = 11;
export const messageHeaderBytes = 5;
/** Most steps of one membership change: everybody goes, everybody else comes. */
export const maxChangeSteps: number = 2 * maxMembers;

const messageTypes: readonly PeerMessage['type'][] = [
  'request',
  'outcome',
  'watch',
  'applied',
  'offer',
  'accept',
  'chunk',
  'ack',
];
const requestKinds: readonly RequestBody['kind'][] = ['append', 'read', 'change', 'transfer'];
/** All read guarantees. */
export const guarantees: readonly ReadGuarantee[] = ['linearizable', 'lease'];
const outcomeTypes: readonly RequestOutcome['type'][] = [
  'accepted',
  'done',
  'rejected',
  'unknown',
  'ready',
];
const reasons: readonly RejectReason[] = [
  'not-leader',
  'overloaded',
  'transferring',
  'change-in-progress',
  'invalid',
  'stale',
  'timed-out',
];
const changeTypes: readonly MemberChange['type'][] = ['add-voter', 'add-learner', 'remove', 'move'];

/** Writes the head of a frame. */
export function encodeFrameHeader(group: number, incarnation: number, frame: FrameWriter): void {
  frame.fields.u8(frameVersion).u32(group).u48(incarnation);
}

/**
 * Reads the head of a frame.
 *
 * @throws MalformedError if the frame is of another version.
 */
export function decodeFrameHeader(reader: ByteReader): {
  readonly group: number;
  readonly incarnation: number;
} {
  const version = reader.u8();
  if (version !== frameVersion) {
    throw new MalformedError(
      `a frame of version ${String(version)}, this node speaks ${String(frameVersion)}`,
    );
  }
  return { group: reader.u32(), incarnation: reader.u48() };
}

/** The kind byte of a driver's message. */
export function kindOf(message: PeerMessage): number {
  return messageTypes.indexOf(message.type) + 1;
}

/** Writes the body of a driver's message. */
export function encodePeerMessage(message: PeerMessage, frame: FrameWriter): void {
  const { fields } = frame;
  switch (message.type) {
    case 'request':
      fields.u48(message.ticket).u48(message.target).u48(message.epoch);
      encodeRequest(message.body, frame);
      return;
    case 'outcome':
      fields.u48(message.target);
      encodeOutcome(message.outcome, frame);
      return;
    case 'watch':
    case 'applied':
      fields.u48(message.index);
      return;
    case 'offer':
      encodeOffer(message, frame);
      return;
    case 'accept':
      encodeAccept(message, frame);
      return;
    case 'chunk':
      encodeChunk(message, frame);
      return;
    case 'ack':
      encodeAck(message, frame);
      return;
    default:
      unreachable(message);
  }
}

/**
 * Reads the body of a driver's message.
 *
 * @throws MalformedError if it is none.
 */
export function decodePeerMessage(kind: number, reader: ByteReader): PeerMessage {
  const type = pick(messageTypes, kind - 1, 'message');
  switch (type) {
    case 'request':
      return {
        type,
        ticket: reader.u48(),
        target: reader.u48(),
        epoch: reader.u48(),
        body: decodeRequest(reader),
      };
    case 'outcome':
      return { type, target: reader.u48(), outcome: decodeOutcome(reader) };
    case 'watch':
    case 'applied':
      return { type, index: reader.u48() };
    case 'offer':
      return decodeOffer(reader);
    case 'accept':
      return decodeAccept(reader);
    case 'chunk':
      return decodeChunk(reader);
    case 'ack':
      return decodeAck(reader);
    default:
      return unreachable(type);
  }
}

function encodeRequest(body: RequestBody, frame: FrameWriter): void {
  const { fields } = frame;
  fields.u8(requestKinds.indexOf(body.kind));
  switch (body.kind) {
    case 'append':
      frame.bytes(body.record);
      return;
    case 'read':
      fields.u8(guarantees.indexOf(body.guarantee));
      return;
    case 'change':
      fields.u16(body.change.length);
      for (const step of body.change) {
        const { id, address } = step.type === 'remove' ? { id: step.id, address: '' } : step.member;
        fields
          .u8(changeTypes.indexOf(step.type))
          .string(id)
          .string(address ?? '');
      }
      return;
    case 'transfer':
      fields.string(body.to ?? '');
      return;
    default:
      unreachable(body);
  }
}

function decodeRequest(reader: ByteReader): RequestBody {
  const kind = pick(requestKinds, reader.u8(), 'request');
  switch (kind) {
    case 'append':
      return { kind, record: reader.bytes() };
    case 'read':
      return { kind, guarantee: pick(guarantees, reader.u8(), 'read guarantee') };
    case 'change': {
      const count = reader.u16();
      if (count > maxChangeSteps) throw new MalformedError(`${String(count)} steps are too many`);
      const change: MemberChange[] = [];
      for (let step = 0; step < count; step++) change.push(decodeChange(reader));
      return { kind, change };
    }
    case 'transfer':
      return { kind, to: optional(reader.string(maxNameLength)) };
    default:
      return unreachable(kind);
  }
}

function decodeChange(reader: ByteReader): MemberChange {
  const type = pick(changeTypes, reader.u8(), 'membership change');
  const id = reader.string(maxNameLength);
  const address = reader.string(maxAddressBytes);
  return type === 'remove'
    ? { type, id }
    : { type, member: address === '' ? { id } : { id, address } };
}

function encodeOutcome(outcome: RequestOutcome, { fields }: FrameWriter): void {
  fields.u8(outcomeTypes.indexOf(outcome.type)).u48(outcome.ticket);
  switch (outcome.type) {
    case 'accepted':
    case 'done':
    case 'ready':
      fields.u48(outcome.index);
      return;
    case 'rejected':
      fields
        .u8(reasons.indexOf(outcome.reason))
        .string(outcome.leader ?? '')
        .string((outcome.detail ?? '').slice(0, 500));
      return;
    case 'unknown':
      return;
    default:
      unreachable(outcome);
  }
}

function decodeOutcome(reader: ByteReader): RequestOutcome {
  const type = pick(outcomeTypes, reader.u8(), 'outcome');
  const ticket = reader.u48();
  switch (type) {
    case 'accepted':
    case 'done':
    case 'ready':
      return { type, ticket, index: reader.u48() };
    case 'rejected': {
      const reason = pick(reasons, reader.u8(), 'reason');
      const leader = optional(reader.string(maxNameLength));
      const detail = optional(reader.string(2000));
      return {
        type,
        ticket,
        reason,
        ...(leader === undefined ? {} : { leader }),
        ...(detail === undefined ? {} : { detail }),
      };
    }
    case 'unknown':
      return { type, ticket };
    default:
      return unreachable(type);
  }
}

function optional(text: string): string | undefined {
  return text === '' ? undefined : text;
}
