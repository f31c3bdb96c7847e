/**
 * The program of a worker process: hosts one subject and does what it is asked. Each has a process of
 * its own, so that no algorithm runs on code that the engine of JavaScript has shaped for another.
 */
import { algorithmNamed } from '../algorithms.ts';
import { openDurableNode } from '../subjects/durable-node.ts';
import { openEcho } from '../subjects/echo.ts';
import { openEngines } from '../subjects/engine-load.ts';
import { openJournal } from '../subjects/journal-load.ts';
import { peakRssMiB } from '../subjects/memory.ts';
import { openMemoryGroup } from '../subjects/memory-group.ts';
import { prepareOpening } from '../subjects/opening.ts';
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
      return stateOf(subject);
    case 'fill':
      if (subject.fill === undefined) throw new TypeError('nothing can be filled');
      await subject.fill(request.fill);
      return stateOf(subject);
    case 'outrun':
      if (subject.outrun === undefined) throw new TypeError('nobody can be outrun');
      await subject.outrun();
      return stateOf(subject);
    case 'measure':
      return { type: 'measured', measurement: await subject.measure(request.task) };
    case 'close':
      await subject.close();
      return { type: 'closed' };
  }
}

function stateOf({ leads, port }: Subject): Reply {
  return { type: 'state', state: { leads, port, peakRssMiB: peakRssMiB() } };
}

async function open(job: Job): Promise<Subject> {
  switch (job.kind) {
    case 'engines':
      return openEngines(algorithmNamed(job.algorithm), job.valueBytes, job.packing);
    case 'memory':
      return openMemoryGroup(algorithmNamed(job.algorithm), job.valueBytes);
    case 'durable':
      return openDurableNode(algorithmNamed(job.algorithm), job.valueBytes, job.node);
    case 'journal':
      return openJournal(job.journal);
    case 'opening':
      return prepareOpening(job.opening);
    case 'echo':
      return openEcho();
  }
}
