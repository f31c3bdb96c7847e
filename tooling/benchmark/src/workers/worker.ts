/**
 * The program of a worker process: hosts one subject and does what it is asked. Each has a process of
 * its own, so that no algorithm runs on code that the engine of JavaScript has shaped for another.
 */
import { algorithmNamed } from '../algorithms.ts';
import { openDurableNode } from '../subjects/durable-node.ts';
import { openEcho } from '../subjects/echo.ts';
import { openEngines } from '../subjects/engine-load.ts';
import { openMemoryGroup } from '../subjects/memory-group.ts';
import { DisturbedError, type Subject } from '../subjects/subject.ts';
import type { Job, Reply, Request } from './protocol.ts';

let subject: Subject | undefined;

// A Ctrl-C in the terminal reaches all processes; what it means is the benchmark's to say.
process.on('SIGINT', () => undefined);
// It never outlives the benchmark, however that ended.
process.on('disconnect', () => process.exit());
process.on('message', (request: Request) => {
  void serve(request).then((reply) => process.send?.(reply));
});

async function serve(request: Request): Promise<Reply> {
  try {
    return await answer(request);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { type: 'failed', message, disturbed: error instanceof DisturbedError };
  }
}

async function answer(request: Request): Promise<Reply> {
  if (request.type === 'open') subject = await open(request.job);
  if (subject === undefined) throw new TypeError('nothing is open');
  switch (request.type) {
    case 'open':
    case 'look':
      return { type: 'state', leads: subject.leads, port: subject.port };
    case 'measure':
      return { type: 'measured', measurement: await subject.measure(request.task) };
    case 'close':
      await subject.close();
      return { type: 'closed' };
  }
}

async function open(job: Job): Promise<Subject> {
  switch (job.kind) {
    case 'engines':
      return openEngines(algorithmNamed(job.algorithm), job.valueBytes, job.packing);
    case 'memory':
      return openMemoryGroup(algorithmNamed(job.algorithm), job.valueBytes);
    case 'durable':
      return openDurableNode(algorithmNamed(job.algorithm), job.valueBytes, job.node);
    case 'echo':
      return openEcho();
  }
}
