/** Exports as files: whole or not there, and whatever is in a file is read within bounds. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp, temporaryFolder } from '@quorate/harness';
import { exportLedger, ledger, ledgerMachine, verifyExport } from '@quorate/machine-ledger';
import { afterEach, expect, it } from 'vitest';
import { readLines, writeLines } from '../src/export-file.ts';
import { formatPublished, parsePublished } from '../src/published.ts';

afterEach(cleanUp);

it('gives back what was written, over many blocks', async () => {
  const file = join(await temporaryFolder(), 'export');
  const machine = ledgerMachine();
  for (let at = 1; at <= 500; at++) {
    const open = ledger.open({ id: `account-${String(at)}`, currency: 'EUR' });
    machine.apply(open, { index: at, position: 0, time: at });
  }
  await writeLines(
    file,
    exportLedger((query) => machine.query(query)),
  );
  expect((await readFile(file)).length).toBeGreaterThan(100_000);
  const found = await verifyExport(readLines(file));
  expect(found).toMatchObject({ type: 'sound', length: 500 });
  if (found.type === 'sound') {
    expect(parsePublished(formatPublished(found), 'it').head).toEqual(Buffer.from(found.head));
  }
});

it('leaves nothing, and what was there before, where the lines fail', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'export');
  await writeFile(file, 'before');
  const failing = async function* (): AsyncGenerator<string> {
    yield 'a line';
    throw new Error('the bank is gone');
  };
  await expect(writeLines(file, failing())).rejects.toThrow('the bank is gone');
  expect(await readdir(folder)).toEqual(['export']);
  expect(await readFile(file, 'utf8')).toBe('before');
});

it('cuts a file without line ends, and keeps bytes that are no ASCII apart', async () => {
  const file = join(await temporaryFolder(), 'noise');
  await writeFile(file, Buffer.alloc(1_000_000, 0xe9));
  let length = 0;
  for await (const line of readLines(file)) {
    expect(line.length).toBeLessThan(200_000);
    expect(line).toMatch(/^é+$/);
    length += line.length;
  }
  expect(length).toBe(1_000_000);
  expect(await verifyExport(readLines(file))).toMatchObject({ type: 'unsound' });
});
