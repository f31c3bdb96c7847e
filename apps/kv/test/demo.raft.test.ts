/** A demo on Raft, as real processes. */
import { lifeOfADemo } from './processes/demo.ts';

lifeOfADemo('raft');
