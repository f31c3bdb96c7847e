/** Every error code is a heading of the page that explains them, and every such heading is a code. */
import * as core from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { parseMarkdown } from './markdown.ts';
import { read } from './repository.ts';

type ErrorClass = new (message: string) => core.QuorateError;

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof core.QuorateError;
}

// Finer shades of an error share its code.
const codes = [
  ...new Set(
    Object.values<unknown>(core)
      .filter(isErrorClass)
      .map((Class) => new Class('message').code),
  ),
].sort();

describe('the page of what a caller is told', () => {
  const { headings } = parseMarkdown(read('apps/docs/what-a-caller-is-told.md'));
  const found = headings.map(({ text }) => text).filter((text) => /^[A-Z][A-Z_]+$/.test(text));

  it('explains every code of core, in alphabetical order, and no other', () => {
    expect(codes.length).toBeGreaterThan(0);
    expect(found).toEqual(codes);
  });
});
