import { fromUtf8 } from '@quorate/core';
import { expectType, kv, type KvCommand, kvMachine } from '@quorate/machine-kv';

// On a replica: `await replica.execute(command)` and `await replica.query(query)`.
const machine = kvMachine();
let index = 0;
const execute = (command: KvCommand) =>
  machine.apply(command, { index: ++index, position: 0, time: 0 });

// Takes a lock that nobody holds.
const lock = kv.txn({
  compare: [kv.when('lock').missing()],
  then: [kv.put('lock', 'worker 1')],
  else: [kv.get('lock')],
});
console.log(expectType(execute(lock), 'txn').succeeded); // true
console.log(expectType(execute(lock), 'txn').succeeded); // false

// The map as it was.
const { revision } = expectType(execute(kv.put('jobs/1', 'waiting')), 'put');
execute(kv.put('jobs/1', 'done'));
execute(kv.delete('lock'));
const then = expectType(machine.query(kv.range({ prefix: 'jobs/', revision })), 'range');
console.log(then.pairs.map(({ key, value }) => `${key} ${fromUtf8(value)}`)); // [ 'jobs/1 waiting' ]
