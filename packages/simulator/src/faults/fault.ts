/**
 * The faults of a run, as plain data: drawn before it begins, each with all it needs, so that one can be
 * left out without another becoming a different one.
 */
import type { Loss } from '@quorate/files/simulated';

/** Whom it hits: the leader of that moment, or one of the nodes, by number. */
export type Target = 'leader' | number;

/** What all faults have. */
interface Timed {
  /** Virtual ms since the start. */
  readonly at: number;
  /** For whatever it has to choose when it happens. */
  readonly seed: number;
}

/** What can go wrong, and what operators do meanwhile. */
export type Fault = Timed &
  (
    | {
        readonly type: 'crash';
        readonly target: Target;
        /** Power loss now or in one of the next operations of the disk, the death of the process, or its end. */
        readonly how: 'power' | 'operation' | 'kill' | 'close';
        readonly loss: Loss;
        readonly downMs: number;
      }
    /** All lose power at once. */
    | { readonly type: 'outage'; readonly loss: Loss; readonly downMs: number }
    | { readonly type: 'pause'; readonly target: Target; readonly ms: number }
    | {
        readonly type: 'partition';
        readonly shape: 'halves' | 'isolate' | 'one-way' | 'bridge' | 'leader-deaf' | 'by-change';
        readonly ms: number;
      }
    /** A link, or a node, goes and comes back, again and again. */
    | {
        readonly type: 'flapping';
        readonly target: Target;
        readonly periodMs: number;
        readonly ms: number;
      }
    | { readonly type: 'clog'; readonly ms: number }
    /** Each node in turn is held up. */
    | { readonly type: 'clog-one-by-one'; readonly eachMs: number }
    | {
        readonly type: 'weather';
        readonly ms: number;
        readonly loss: number;
        readonly duplication: number;
        readonly replay: number;
        readonly corruption: number;
        readonly delayMs: number;
      }
    | { readonly type: 'disk-stall'; readonly target: Target; readonly ms: number }
    | {
        readonly type: 'disk-slow';
        readonly target: Target;
        readonly ms: number;
        readonly factor: number;
      }
    | { readonly type: 'disk-full'; readonly target: Target; readonly ms: number }
    | {
        readonly type: 'disk-error';
        readonly target: Target;
        readonly operation: 'write' | 'sync' | 'read' | 'open' | 'create' | 'rename';
        readonly nth: number;
      }
    | { readonly type: 'bit-rot'; readonly target: Target; readonly flips: number }
    | { readonly type: 'misdirected-write'; readonly target: Target }
    | { readonly type: 'clock-jump'; readonly target: Target; readonly ms: number }
    | { readonly type: 'clock-drift'; readonly target: Target; readonly rate: number }
    | { readonly type: 'change'; readonly kind: 'add' | 'remove' | 'replace' | 'several' }
    | { readonly type: 'transfer'; readonly target: Target | 'anybody' }
    | { readonly type: 'snapshot'; readonly target: Target }
    | { readonly type: 'overload'; readonly operations: number; readonly target: Target }
    /** The process of a client far away ends, and another one starts. */
    | {
        readonly type: 'client-crash';
        readonly target: number;
        readonly how: 'kill' | 'close';
        readonly downMs: number;
      }
    | { readonly type: 'client-pause'; readonly target: number; readonly ms: number }
    /** It does not reach some nodes, or is not reached by them, or neither. */
    | {
        readonly type: 'client-cut';
        readonly target: number;
        readonly direction: 'there' | 'back' | 'both';
        readonly ms: number;
      }
    /** It has many operations at once. */
    | { readonly type: 'client-burst'; readonly target: number; readonly operations: number }
    /** All of its streams break. */
    | { readonly type: 'client-reset'; readonly target: number }
  );

/** Names of faults. */
export type FaultType = Fault['type'];
