/** Backup, restore, and the last node left, as real processes: how long any of it takes is not the question. */
import { cleanUp } from '@quorate/harness';
import { afterAll, beforeAll } from 'vitest';
import { disasters } from './processes/disasters.ts';
import { build } from './harness.ts';

beforeAll(build, 180_000);
afterAll(cleanUp, 30_000);

disasters();
