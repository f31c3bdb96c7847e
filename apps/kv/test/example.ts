import { openNode } from '@quorate/kv';

// A group of one. For three nodes, name three members, and start each of them like this.
const node = await openNode({
  node: 'n1',
  data: './example-data',
  members: [{ id: 'n1', address: '127.0.0.1:17411' }],
  http: '127.0.0.1:17401',
  client: '127.0.0.1:17501',
});

await fetch(`${node.http}/v1/kv/color`, { method: 'PUT', body: 'red' });
const answer = await fetch(`${node.http}/v1/kv/color`);
console.log(answer.headers.get('quorate-revision'), await answer.text()); // 2 red

await node.close();
