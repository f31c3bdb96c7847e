/** The page that the test drives: hands everything on to its worker. */
import type { Request, Response, TabApi } from './protocol.ts';

const worker = new Worker('/node.worker.js', { type: 'module' });
const waiting = new Map<number, (response: Response) => void>();
let requests = 0;

worker.onmessage = ({ data }: MessageEvent<Response>): void => {
  waiting.get(data.id)?.(data);
  waiting.delete(data.id);
};

function ask<Value>(method: keyof TabApi, ...args: readonly unknown[]): Promise<Value> {
  const id = ++requests;
  return new Promise((resolve, reject) => {
    waiting.set(id, (response) => {
      if ('error' in response) reject(new Error(response.error));
      else resolve(response.value as Value);
    });
    worker.postMessage({ id, method, args } satisfies Request);
  });
}

globalThis.nodeTab = {
  start: (algorithm, node) => ask('start', algorithm, node),
  add: (count) => ask('add', count),
  read: () => ask('read'),
  picture: () => ask('picture'),
  close: () => ask('close'),
};
