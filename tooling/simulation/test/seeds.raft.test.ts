/** A thousand seeds of everything at once, on Raft. */
import { seedTests } from './seeds.ts';

seedTests('raft');
