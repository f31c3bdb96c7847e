/** The sources of this package and of core as JavaScript, for processes of Node without anything else. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import typescript from 'typescript';

const packages = fileURLToPath(new URL('../..', import.meta.url));

/** Leaves `files/index.js` in the folder. */
export async function buildInto(folder: string): Promise<void> {
  const core = join(folder, 'node_modules/@quorate/core');
  await translate(join(packages, 'core/src'), core);
  await translate(join(packages, 'files/src'), join(folder, 'files'));
  const manifest = { name: '@quorate/core', type: 'module', exports: './index.js' };
  await writeFile(join(core, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
}

async function translate(from: string, to: string): Promise<void> {
  for (const path of await readdir(from, { recursive: true })) {
    if (!path.endsWith('.ts')) continue;
    const { outputText } = typescript.transpileModule(await readFile(join(from, path), 'utf8'), {
      compilerOptions: {
        module: typescript.ModuleKind.ESNext,
        target: typescript.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = join(to, path.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
}
