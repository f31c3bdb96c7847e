/** Shows what the engine of one life does to those who watch, at moments at which all is consistent. */
import type { Engine, Input } from '@quorate/core';
import type { Observer, WatchedNode } from '@quorate/core/checks';
import type { Journal } from '../world/journal.ts';
import type { DiskRecord } from './disk-record.ts';
import type { Life } from './life.ts';
import type { EngineWatch } from './watched-algorithm.ts';

/** What a watch is about. */
export interface EngineWatchParts {
  readonly node: WatchedNode & { readonly disk: DiskRecord };
  readonly life: Life;
  readonly observers: readonly Observer<unknown>[];
  readonly journal: Journal;
  /** Runs something that may find a broken rule. */
  readonly guard: (check: () => void) => void;
  readonly created: (engine: Engine<unknown>) => void;
}

/** Makes the watch of one life. What an engine does after its end is nobody's business. */
export function watchEngineOf(parts: EngineWatchParts): EngineWatch {
  const { node, life, observers, journal, guard } = parts;
  const tell = (call: (observer: Observer<unknown>) => void): void => {
    if (life.ended) return;
    guard(() => {
      for (const observer of observers) call(observer);
    });
  };
  // Called for each input: without closures.
  const hearing = observers.filter((observer) => 'stepped' in observer);
  let input: Input<unknown> | undefined;
  const tellStep = (): void => {
    if (input === undefined) return;
    for (const observer of hearing) observer.stepped?.(node, input);
  };
  return {
    created: (engine) => {
      if (life.ended) return;
      parts.created(engine);
      tell((observer) => observer.started?.(node));
    },
    requested: (ticket, request) => {
      tell((observer) => observer.requested?.(node, ticket, request));
    },
    stepped: (step) => {
      if (life.ended) return;
      input = step;
      guard(tellStep);
    },
    took: (turn) => {
      if (life.ended) return;
      for (const write of turn.effects.writes) node.disk.asked(write);
      journal.turn(node, turn);
      tell((observer) => observer.took?.(node, turn));
      for (const outcome of turn.effects.outcomes) {
        tell((observer) => observer.settled?.(node, outcome));
      }
    },
    left: (to, message) => {
      if (life.ended) return;
      journal.message(node.id, to, message);
      tell((observer) => observer.left?.(node, to, message));
    },
  };
}
