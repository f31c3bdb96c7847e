/**
 * The examples in the README at the root and in those of the packages compile as strictly as the
 * packages themselves, run, and print what they say they print. Those on Raft do so on every other
 * algorithm too.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { algorithms } from './algorithms.ts';
import { type Example, examplesOf, onAlgorithm, patternOf, run, writeExample } from './examples.ts';
import { packageFolders, read, root } from './repository.ts';
import { registered } from './sampler.ts';

const pages = packageFolders()
  .map((folder) => `packages/${folder}/README.md`)
  .filter((page) => existsSync(join(root, page)));
const examples = ['README.md', ...pages].flatMap(examplesOf);

/** What stands in the place of vitest in examples of suites. */
const sampler = new URL('./sampler.ts', import.meta.url).href;

const suites = examples.filter(({ code }) => code.includes("from 'vitest'"));
const asWritten = examples.filter((example) => !suites.includes(example));
const elsewhere = algorithms
  .filter((name) => name !== 'raft')
  .flatMap((name) => asWritten.flatMap((example) => onAlgorithm(example, name) ?? []));
const programs = [...asWritten, ...elsewhere];

/** Everything that the compiler has to say about the examples. */
function compile(all: readonly Example[]): readonly string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) =>
    ts.sys.readFile(path),
  ) as { readonly config: { readonly compilerOptions: Record<string, unknown> } };
  const aboutOutput = new Set(['rootDir', 'outDir', 'tsBuildInfoFile']);
  const shared = Object.entries(config.compilerOptions).filter(([name]) => !aboutOutput.has(name));
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    {
      ...Object.fromEntries(shared),
      ...{ noEmit: true, composite: false, declaration: false, declarationMap: false },
      // A program exports nothing, and the part that comes in with the changed line is imported.
      ...{ isolatedDeclarations: false, noUnusedLocals: false },
    },
    root,
  );
  const files = all.map(writeExample);
  const program = ts.createProgram(files, options);
  const diagnostics = files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return source === undefined
      ? []
      : [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  return [...errors, ...diagnostics].map(({ file, messageText }) =>
    [file?.fileName ?? '', ts.flattenDiagnosticMessageText(messageText, '\n')].join(': '),
  );
}

describe('the examples', () => {
  it('compile', { timeout: 120_000 }, () => {
    expect(compile([...examples, ...elsewhere])).toEqual([]);
  });

  it.each(programs)('run: $name', async (example) => {
    const printed = await run(example);
    if (example.output !== undefined) expect(printed).toMatch(patternOf(example.output));
  });
});

// An example of how to run a suite adds some of its tests to these; the packages themselves run all of them.
for (const suite of suites) {
  const code = suite.code.replace("from 'vitest'", `from '${sampler}'`);
  const before = registered();
  await import(pathToFileURL(writeExample({ ...suite, code })).href);
  const count = registered() - before;
  it(`${suite.name} registers a suite`, () => {
    expect(count).toBeGreaterThan(25);
  });
}

describe('the README at the root', () => {
  const [first, ...others] = examples.filter(({ page }) => page === 'README.md');

  it('has an example, and says what it prints', () => {
    expect(first?.output).toBeDefined();
  });

  it('changes one line of it for another part', () => {
    expect(others.map(({ changedLines }) => changedLines)).toEqual(others.map(() => 1));
    expect(others.length).toBeGreaterThan(0);
  });
});

describe('the table of parts in the README at the root', () => {
  const row = /^\| the algorithm +\|(.*)\|$/m.exec(read('README.md'))?.[1];

  it.each(algorithms)('says how to write %s', (name) => {
    expect(row).toContain(`${name}(`);
  });
});

describe('an example on another algorithm', () => {
  const [example] = examplesOf('README.md');
  if (example === undefined) throw new Error('no example');

  it('differs by one line and the import', () => {
    const other = onAlgorithm(example, 'luck')?.code.split('\n') ?? [];
    const lines = example.code.split('\n');
    expect(other.filter((line) => !lines.includes(line))).toEqual([
      "import { luck } from '@quorate/luck';",
      '    algorithm: luck(),',
    ]);
    expect(other).toHaveLength(lines.length + 1);
  });

  it('is none where the program names no algorithm in that way', () => {
    expect(onAlgorithm({ ...example, code: 'const algorithm = raft();' }, 'luck')).toBeUndefined();
  });
});

describe('what an example says that it prints', () => {
  it('is taken literally, but for …', () => {
    expect('leader: b\n(1 + 1)\n').toMatch(patternOf('leader: …\n(1 + 1)\n'));
    expect('leader: \n').not.toMatch(patternOf('leader: …\n'));
    expect('leader: b\nmore\n').not.toMatch(patternOf('leader: …\n'));
  });
});
