/** What a folder holds, as JSON for programs. */
import type { PlainFields } from '@quorate/core';
import type { Inspection, ListedRecord } from './inspect.ts';

/** The report. */
export function jsonOf(report: Inspection): unknown {
  const { snapshots, state, ...rest } = report;
  return {
    ...rest,
    state: state === undefined ? undefined : { ...bytesJson(state.bytes), ...explainedJson(state) },
    snapshots: snapshots.map(({ context, explained, ...info }) => ({
      ...info,
      context: { ...bytesJson(context), ...explainedJson({ explained }) },
    })),
    intact: report.damage.length === 0,
  };
}

/** One record. */
export function recordJson({ explained, payload, ...record }: ListedRecord): unknown {
  return { ...record, bytes: payload.length, ...explainedJson({ explained }) };
}

/** Hexadecimal digits of bytes. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function bytesJson(bytes: Uint8Array): { readonly bytes: number; readonly hex: string } {
  return { bytes: bytes.length, hex: hex(bytes) };
}

function explainedJson({ explained }: { readonly explained: PlainFields | undefined }): {
  readonly explained?: PlainFields;
} {
  return explained === undefined ? {} : { explained };
}
