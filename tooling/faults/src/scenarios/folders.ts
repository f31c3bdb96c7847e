/** On what a round works: mostly on one folder that lives on, now and then on a fresh one. */
import { join } from 'node:path';
import { processHost } from './host.ts';
import { Lineage } from './lineage.ts';
import type { Round, RoundContext, ScenarioContext } from './scenario.ts';

/** How often a round begins with nothing. */
const freshChance = 0.2;

/** The folders of one storage. */
export class Folders {
  readonly #context: ScenarioContext;
  #old: Lineage | undefined;

  constructor(context: ScenarioContext) {
    this.#context = context;
  }

  /** Does the work of one round on a folder. One where something went wrong is never used again. */
  async round(
    { random, note }: RoundContext,
    work: (lineage: Lineage) => Promise<Round>,
  ): Promise<Round> {
    if (random.chance(freshChance)) {
      const lineage = await this.#make();
      const round = await work(lineage);
      await this.#letGo(lineage, round, note);
      return round;
    }
    this.#old ??= await this.#make();
    const round = await work(this.#old);
    if (round.problems.length > 0) {
      await this.#letGo(this.#old, round, note);
      this.#old = undefined;
    }
    return round;
  }

  async #make(): Promise<Lineage> {
    const { storage, seed, stage } = this.#context;
    const directory = join(await stage.folder(), 'data');
    return new Lineage({ storage, seed, directory, host: processHost(stage) });
  }

  async #letGo(lineage: Lineage, round: Round, note: RoundContext['note']): Promise<void> {
    const folder = join(lineage.directory, '..');
    if (round.problems.length === 0) await this.#context.stage.remove(folder);
    else if (await this.#context.stage.condemn(folder)) note(`its folder is ${folder}`);
  }
}
