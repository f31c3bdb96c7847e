/** A thousand seeds of everything at once, on Paxos. */
import { seedTests } from './seeds.ts';

seedTests('paxos');
