/**
 * Channels: what is used of the platform's, what they are called, and what is said on them.
 *
 *     at an address     claim ──► taken            whether somebody listens here already
 *                       listening                  whoever has dialled in vain dials again
 *                       dial ──► accept            the name of a channel for the two alone
 *     on a link         open, data, read, end      from either end to the other
 */
import { InvalidArgumentError, maxAddressBytes, type Runtime } from '@quorate/core';

/** What is used of a BroadcastChannel: what browsers, workers and Node have in common. */
export interface PlatformBroadcastChannel {
  // A function; not said, so that the type that each platform has for its own events fits.
  onmessage: unknown;
  postMessage(message: unknown): void;
  close(): void;
}

/** Makes a channel; the constructor that platforms have. */
export type BroadcastChannelConstructor = new (name: string) => PlatformBroadcastChannel;

/** What all ends of a place share. */
export interface Surroundings {
  readonly runtime: Runtime;
  readonly BroadcastChannel: BroadcastChannelConstructor;
}

/** What is said at an address. Everybody there hears it. */
export type PlaceMessage =
  | { readonly type: 'claim'; readonly claim: string }
  | { readonly type: 'taken'; readonly claim: string }
  | { readonly type: 'listening' }
  | { readonly type: 'dial'; readonly dial: string }
  | { readonly type: 'accept'; readonly dial: string; readonly link: string };

/** What is said on a link. */
export type LinkMessage =
  | { readonly type: 'open' }
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /** So many bytes of data were taken since this was said last. */
  | { readonly type: 'read'; readonly bytes: number }
  | { readonly type: 'end' };

// With a version: after an update of the site, old tabs stand beside new ones, and must not
// misunderstand them.
const prefix = 'quorate:1';

/** The channel of everybody who listens at an address, or dials it. */
export function placeName(address: string): string {
  return `${prefix}:at:${address}`;
}

/** The channel of one link. */
export function linkName(link: string): string {
  return `${prefix}:link:${link}`;
}

/** Draws a name that nobody else has. */
export function drawName(runtime: Pick<Runtime, 'random'>): string {
  const part = (): string => Math.floor(runtime.random() * 2 ** 32).toString(36);
  return `${part()}-${part()}`;
}

/**
 * Returns the address unchanged if members can have it.
 *
 * @throws InvalidArgumentError if they cannot.
 */
export function checkAddress(address: string, what: string): string {
  if (/^[\x21-\x7e]+$/.test(address) && address.length <= maxAddressBytes) return address;
  throw new InvalidArgumentError(
    `${what} must be 1 to ${String(maxAddressBytes)} printable ASCII characters, got ${JSON.stringify(address.slice(0, 80))}`,
  );
}

/** Has whatever arrives on a channel handed over, unless it is no such message. */
export function hear<Message>(
  channel: PlatformBroadcastChannel,
  read: (data: unknown) => Message | undefined,
  take: (message: Message) => void,
): void {
  channel.onmessage = ({ data }: { readonly data: unknown }): void => {
    const message = read(data);
    if (message !== undefined) take(message);
  };
}

/** @returns `undefined` for what somebody else may say there. */
export function readPlaceMessage(data: unknown): PlaceMessage | undefined {
  const { type, claim, dial, link } = fieldsOf(data);
  if (type === 'listening') return { type };
  if (typeof claim === 'string' && (type === 'claim' || type === 'taken')) return { type, claim };
  if (typeof dial !== 'string') return undefined;
  if (type === 'dial') return { type, dial };
  return type === 'accept' && typeof link === 'string' ? { type, dial, link } : undefined;
}

/** @returns `undefined` for what somebody else may say there. */
export function readLinkMessage(data: unknown): LinkMessage | undefined {
  const { type, bytes } = fieldsOf(data);
  if (type === 'open' || type === 'end') return { type };
  if (type === 'data' && bytes instanceof Uint8Array) return { type, bytes };
  return type === 'read' && typeof bytes === 'number' && bytes >= 0 ? { type, bytes } : undefined;
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}
