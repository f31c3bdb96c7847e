/** A process that puts load on services. */
import { runEtcdLoad } from '../etcd/etcd-load.ts';
import { fillKeys, generate } from '../load/generate.ts';
import { type OutageOrder, prepareOutage } from '../load/outage.ts';
import type { Subject } from './subject.ts';

const nothing = (): Promise<never> => Promise.reject(new TypeError('it works on orders'));

/** Makes one; each order names its service. */
export function openLoadGenerator(): Subject {
  return {
    leads: true,
    measure: nothing,
    load: (order, program) =>
      program === undefined ? generate(order) : runEtcdLoad(program, order),
    fillKeys,
    close: () => Promise.resolve(),
  };
}

/** Makes one for a single outage, with its connections open: it begins as soon as it is told. */
export async function openOutage(order: OutageOrder): Promise<Subject> {
  const outage = await prepareOutage(order);
  return {
    leads: true,
    measure: ({ seconds }) => outage.run(seconds),
    close: () => outage.close(),
  };
}
