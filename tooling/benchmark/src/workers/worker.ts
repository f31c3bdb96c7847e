/**
 * The program of a worker process: hosts one subject and does what it is asked. Each has a process of
 * its own, so that no algorithm runs on code that the engine of JavaScript has shaped for another. Only what it
 * hosts is loaded: it starts faster then, and what memory it takes is that of its subject.
 */
import { peakRssMiB } from '../subjects/memory.ts';
import { algorithmNamed } from '../algorithms.ts';
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
    case 'load':
      if (subject.load === undefined) throw new TypeError('no load generator');
      return { type: 'measured', measurement: await subject.load(request.order, request.program) };
    case 'fill-keys':
      if (subject.fillKeys === undefined) throw new TypeError('no load generator');
      await subject.fillKeys(request.service, request.work);
      return stateOf(subject);
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
    case 'engines': {
      const { openEngines } = await import('../subjects/engine-load.ts');
      return openEngines(await algorithmNamed(job.algorithm), job.valueBytes, job.packing);
    }
    case 'memory': {
      const { openMemoryGroup } = await import('../subjects/memory-group.ts');
      return openMemoryGroup(await algorithmNamed(job.algorithm), job.valueBytes);
    }
    case 'durable': {
      const { openDurableNode } = await import('../subjects/durable-node.ts');
      return openDurableNode(await algorithmNamed(job.algorithm), job.valueBytes, job.node);
    }
    case 'journal':
      return (await import('../subjects/journal-load.ts')).openJournal(job.journal);
    case 'opening':
      return (await import('../subjects/opening.ts')).prepareOpening(job.opening);
    case 'load':
      return (await import('../subjects/load-generator.ts')).openLoadGenerator();
    case 'outage':
      return (await import('../subjects/load-generator.ts')).openOutage(job.outage);
    case 'echo':
      return (await import('../subjects/echo.ts')).openEcho();
  }
}
