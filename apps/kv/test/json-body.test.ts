import { describe, expect, it } from 'vitest';
import { jsonBody, maxJsonMarks, maxSmallJsonBytes } from '../src/http/json-body.ts';
import type { HttpRequest } from '../src/http/reply.ts';

const read = (text: string): Promise<unknown> => {
  const request: HttpRequest = {
    method: 'POST',
    rawPath: '/',
    query: new URLSearchParams(),
    signal: new AbortController().signal,
    body: () => Promise.resolve(Buffer.from(text)),
  };
  return jsonBody(request);
};

describe('a JSON body', () => {
  it('is nothing, or JSON', async () => {
    expect(await read('')).toEqual({});
    expect(await read(' {"a":[1,"two"]} ')).toEqual({ a: [1, 'two'] });
    await expect(read('{"a":')).rejects.toMatchObject({ code: 'MALFORMED' });
    await expect(read('"\\')).rejects.toMatchObject({ code: 'MALFORMED' });
  });

  it('asks for no more bytes than it may have', async () => {
    let asked = 0;
    const body = (maxBytes: number): Promise<Uint8Array> => {
      asked = maxBytes;
      return Promise.resolve(new Uint8Array(0));
    };
    await jsonBody({ body } as HttpRequest);
    expect(asked).toBe(maxSmallJsonBytes);
  });

  it.each([
    ['deep', '['.repeat(maxJsonMarks + 1)],
    ['wide', `[${'{},'.repeat(maxJsonMarks)}0]`],
    ['full of names', `{${'"a":1,'.repeat(maxJsonMarks)}"a":1}`],
  ])('that is %s is refused before it is parsed', async (_how, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('may hold any text: what looks like structure in it is none', async () => {
    const text = '{"[,:\\"'.repeat(maxJsonMarks);
    expect(await read(JSON.stringify({ text }))).toEqual({ text });
  });

  it('has room for the largest transaction', async () => {
    const operations = Array.from({ length: 128 }, (_, at) => ({
      type: 'range',
      from: `${String(at)}a`,
      to: `${String(at)}b`,
      limit: 1,
      reverse: true,
      keysOnly: true,
      count: true,
    }));
    const compare = operations.map(() => ({
      key: 'a',
      target: 'version',
      operator: '=',
      value: 0,
    }));
    const largest = { compare, then: operations, else: operations };
    expect(await read(JSON.stringify(largest))).toEqual(largest);
  });
});
