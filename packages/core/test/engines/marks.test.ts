/** Marks: "once this key is reached, that value holds". */
import { describe, expect, it } from 'vitest';
import { Marks } from '../../src/engines/marks.ts';

describe('marks', () => {
  it('give the value of the last one that is reached, once', () => {
    const marks = new Marks();
    marks.push(1, 10);
    marks.push(2, 20);
    marks.push(5, 50);
    expect(marks.reach(0)).toBeUndefined();
    expect(marks.reach(4)).toBe(20);
    expect(marks.reach(4)).toBeUndefined();
    expect(marks.reach(5)).toBe(50);
    expect(marks.length).toBe(0);
  });

  it('promise no more than a clamp allows', () => {
    const marks = new Marks();
    for (let key = 1; key <= 5; key++) marks.push(key, key * 10);
    marks.clamp(25);
    expect(marks.reach(2)).toBe(20);
    expect(marks.reach(5)).toBe(25);
  });

  it('stay right over many', () => {
    const marks = new Marks();
    for (let key = 1; key <= 10_000; key++) {
      marks.push(key, key + 1);
      if (key > 3) expect(marks.reach(key - 3)).toBe(key - 2);
    }
    expect(marks.length).toBe(3);
  });
});
