/** Does the same to a machine and to the reference. */
import { CommandRejectedError, InvalidArgumentError } from '@quorate/core';
import type { KvResult } from '../src/index.ts';
import type { Hosted, Step } from './harness.ts';
import { Model } from './model.ts';

/** Does a step on the machine or on the reference. */
export function perform(target: Hosted | Model, step: Step): KvResult | 'rejected' | undefined {
  switch (step.type) {
    case 'wait':
      target.time += step.ms;
      return undefined;
    case 'expire':
      target.expire();
      return undefined;
    case 'renew':
      target.renew();
      return undefined;
    case 'execute': {
      const { command } = step;
      return outcome(() =>
        target instanceof Model ? target.apply(command) : target.execute(command),
      );
    }
  }
}

/** The result, or that it was rejected. */
function outcome(run: () => KvResult): KvResult | 'rejected' {
  try {
    return run();
  } catch (error) {
    // Encoding says the same as applying, only earlier and to the author alone.
    if (error instanceof CommandRejectedError || error instanceof InvalidArgumentError) {
      return 'rejected';
    }
    throw error;
  }
}
