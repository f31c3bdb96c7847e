/** The order of the log explains what clients saw, or somebody is told why not. */
import { casRegisterModel, HistoryRecorder, type Model } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { behindAll, contradiction, inOrderOfLog, type Placed } from '../src/checks/witness.ts';

const model = casRegisterModel() as Model<unknown, unknown, unknown>;

/** Calls one after the other, as far as they end; each with where it took effect. */
class Story {
  readonly #recorder = new HistoryRecorder<unknown, unknown>();
  readonly #places: Placed['place'][] = [];
  #processes = 0;

  call(input: unknown, index: number, position: number = 0): number {
    this.#places.push({ index, position });
    return this.#recorder.invoke(this.#processes++, input);
  }

  ok(id: number, output: unknown): void {
    this.#recorder.ok(id, output);
  }

  get verdict(): string | undefined {
    const placed = this.#recorder.history().map((operation, id) => ({
      operation,
      place: this.#places[id] ?? { index: 0, position: 0 },
    }));
    return contradiction(model, inOrderOfLog(placed));
  }
}

const write = (value: number): unknown => ({ f: 'write', key: 'x', value });
const read = { f: 'read', key: 'x' };

describe('the order of the log', () => {
  it('explains reads behind the entry that they were answered at', () => {
    const story = new Story();
    const first = story.call(write(1), 1);
    const early = story.call(read, 1, behindAll);
    const second = story.call(write(2), 2);
    const late = story.call(read, 2, behindAll);
    story.ok(late, { value: 2 });
    story.ok(early, { value: 1 });
    story.ok(second, {});
    story.ok(first, {});
    expect(story.verdict).toBeUndefined();
  });

  it('does not explain an answer of another state', () => {
    const story = new Story();
    story.ok(story.call(write(1), 1), {});
    story.ok(story.call(read, 1, behindAll), { value: null });
    expect(story.verdict).toMatch(/was not answered as one machine would/);
  });

  it('does not explain a read from before a write that had been answered', () => {
    const story = new Story();
    story.ok(story.call(write(1), 1), {});
    story.ok(story.call(write(2), 2), {});
    story.ok(story.call(read, 1, behindAll), { value: 1 });
    expect(story.verdict).toMatch(/stands before it/);
  });

  it('lets what was never answered happen late, and not before it was called', () => {
    const late = new Story();
    late.call(write(7), 9);
    late.ok(late.call(write(1), 1), {});
    late.ok(late.call(read, 9, behindAll), { value: 7 });
    expect(late.verdict).toBeUndefined();
    const early = new Story();
    early.ok(early.call(write(1), 2), {});
    early.call(write(7), 1);
    expect(early.verdict).toMatch(/stands before it/);
  });

  it('takes the commands of one entry by their positions', () => {
    const story = new Story();
    const second = story.call(write(2), 1, 1);
    const first = story.call(write(1), 1, 0);
    story.ok(first, {});
    story.ok(second, {});
    story.ok(story.call(read, 1, behindAll), { value: 2 });
    expect(story.verdict).toBeUndefined();
  });
});
