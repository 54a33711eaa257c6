import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

// The boundaries are lint errors. These tests hold the lint to them: each forbidden import below must be one.
const FORBIDDEN: readonly [file: string, ...imports: string[]][] = [
  [
    'src/core/other.ts',
    '../store/sqlite/schema.ts',
    '../process/sweep/reap.ts',
    '../agents/claude.ts',
    'node:fs',
    'zod',
    'vscode',
  ],
  [
    'src/core/model/other.ts',
    '../ports/clock.ts',
    '../policy/budget.ts',
    '../state/context.ts',
    '../supervisor.ts',
    'node:fs',
  ],
  [
    'src/core/ports/other.ts',
    '../policy/budget.ts',
    '../state/context.ts',
    '../steps/settle.ts',
    '../runtime/engine.ts',
    'zod',
  ],
  [
    'src/core/policy/other.ts',
    '../state/context.ts',
    '../steps/settle.ts',
    '../runtime/engine.ts',
    '../supervisor.ts',
    'zod',
  ],
  [
    'src/core/state/other.ts',
    '../steps/settle.ts',
    '../runtime/engine.ts',
    '../supervisor.ts',
    '../../store/sqlite/store.ts',
  ],
  ['src/core/steps/other.ts', '../runtime/engine.ts', '../supervisor.ts', '../../process/sweep/reap.ts', 'node:fs'],
  [
    'src/core/runtime/other.ts',
    '../supervisor.ts',
    '../../process/sweep/reap.ts',
    '../../ui/tree/loopTree.ts',
    'node:fs',
  ],
  ['src/core/supervisor/other.ts', '../supervisor.ts', '../../process/sweep/reap.ts', 'node:fs'],
  [
    'src/store/sqlite/other.ts',
    '../../process/sweep/reap.ts',
    '../../agents/claude.ts',
    '../../ui/tree/loopTree.ts',
    '../postgres/schema.ts',
    'pg',
  ],
  ['src/store/postgres/other.ts', '../../process/sweep/reap.ts', '../sqlite/schema.ts', 'node:sqlite', 'vscode'],
  [
    'src/store/rows/other.ts',
    '../../extension.ts',
    '../sqlite/schema.ts',
    '../postgres/schema.ts',
    'vscode',
    'execa',
    'node:child_process',
    'node:sqlite',
    'pg',
  ],
  ['src/store/other.ts', './sqlite/schema.ts', './postgres/schema.ts', 'node:sqlite', 'pg'],
  ['src/store/move/other.ts', '../sqlite/schema.ts', '../postgres/schema.ts', 'vscode', 'node:sqlite', 'pg'],
  [
    'src/process/other.ts',
    '../store/sqlite/schema.ts',
    '../agents/claude.ts',
    '../ui/config.ts',
    '../extension.ts',
    'vscode',
    'node:sqlite',
  ],
  ['src/process/guardian/other.ts', '../../store/sqlite/schema.ts', 'vscode', 'execa', 'zod', 'node:sqlite'],
  [
    'src/agents/other.ts',
    '../store/sqlite/schema.ts',
    '../process/sweep/reap.ts',
    '../ui/config.ts',
    'vscode',
    'execa',
    'node:sqlite',
    'node:child_process',
  ],
  ['src/driver/other.ts', '../core/model/question.ts', '../process/runFolder/runFiles.ts', '../agents/json.ts', 'zod'],
  [
    'src/windows/other.ts',
    '../process/runFolder/runFiles.ts',
    '../core/model/question.ts',
    'node:child_process',
    'zod',
  ],
  ['src/asking/other.ts', '../core/model/question.ts', '../process/runFolder/runFiles.ts', 'node:child_process', 'zod'],
  ['src/agents/sample/other.ts', '../../core/model/loop.ts', '../../process/sweep/reap.ts', 'vscode', 'execa', 'zod'],
  [
    'src/ui/other.ts',
    '../store/sqlite/schema.ts',
    '../process/sweep/reap.ts',
    '../agents/claude.ts',
    '../extension.ts',
    'execa',
    'node:sqlite',
  ],
  [
    'src/ui/dashboard/other.ts',
    '../../store/sqlite/schema.ts',
    '../../process/sweep/reap.ts',
    '../../agents/claude.ts',
    'node:child_process',
  ],
  [
    'src/git/other.ts',
    '../store/sqlite/schema.ts',
    '../process/sweep/reap.ts',
    '../agents/claude.ts',
    '../ui/settings/config.ts',
    '../extension.ts',
    'vscode',
    'node:sqlite',
    'node:child_process',
  ],
  [
    'src/headless/other.ts',
    '../store/sqlite/schema.ts',
    '../agents/claude.ts',
    '../git/git.ts',
    '../extension.ts',
    '../parts.ts',
    'vscode',
    'execa',
    'node:sqlite',
    'node:child_process',
  ],
  [
    'src/cli/other.ts',
    '../store/sqlite/schema.ts',
    '../agents/claude.ts',
    '../git/git.ts',
    '../extension.ts',
    'vscode',
    'execa',
    'node:sqlite',
    'node:child_process',
  ],
  ['src/cli.ts', 'vscode', 'execa', 'node:sqlite', 'node:child_process', 'pg'],
  ['src/list.ts', 'vscode', 'execa', 'node:sqlite', 'node:child_process', 'pg'],
  ['src/host.ts', 'vscode', 'execa', 'node:sqlite', 'node:child_process', 'pg'],
  ['src/extension.ts', 'execa', 'node:sqlite', 'node:child_process', 'pg'],
  [
    'src/api.ts',
    './store/sqlite/schema.ts',
    './process/sweep/reap.ts',
    './agents/claude.ts',
    './ui/settings/config.ts',
    'execa',
    'node:sqlite',
  ],
];

const ALLOWED: readonly [file: string, ...imports: string[]][] = [
  ['src/core/other.ts', './model/loop.ts', './runtime/engine.ts'],
  ['src/core/model/other.ts', './loop.ts'],
  ['src/core/ports/other.ts', '../model/loop.ts', './clock.ts'],
  ['src/core/policy/other.ts', '../model/loop.ts', '../ports/clock.ts', './budget.ts'],
  ['src/core/state/other.ts', '../model/loop.ts', '../ports/clock.ts', '../policy/budget.ts', './context.ts'],
  [
    'src/core/steps/other.ts',
    '../model/loop.ts',
    '../ports/clock.ts',
    '../policy/budget.ts',
    '../state/context.ts',
    './settle.ts',
  ],
  [
    'src/core/runtime/other.ts',
    '../model/loop.ts',
    '../policy/budget.ts',
    '../state/context.ts',
    '../steps/settle.ts',
    './engine.ts',
  ],
  ['src/core/supervisor/other.ts', '../model/loop.ts', '../steps/settle.ts', '../runtime/engine.ts'],
  ['src/store/move/other.ts', '../../core/model/loop.ts', '../rows/loopRow.ts'],
  ['src/store/sqlite/other.ts', '../../core/model/loop.ts', '../rows/loopRow.ts', './schema.ts', 'node:sqlite', 'zod'],
  ['src/store/postgres/other.ts', '../../core/model/loop.ts', '../rows/loopRow.ts', '../storeHealth.ts', 'pg'],
  ['src/process/other.ts', '../core/model/loop.ts', './sweep/reap.ts', 'execa', 'node:child_process'],
  ['src/agents/other.ts', '../core/model/loop.ts', './claude.ts', 'zod'],
  ['src/git/other.ts', '../core/ports/workTrees.ts', './git.ts', 'execa'],
  ['src/ui/other.ts', '../core/model/loop.ts', './settings/config.ts', 'vscode'],
  ['src/headless/other.ts', '../core/model/loop.ts', '../process/runFolder/atomicFile.ts', './hostFiles.ts'],
  ['src/cli/other.ts', '../core/model/loop.ts', '../headless/hostFiles.ts', './output.ts', 'commander'],
  ['src/cli.ts', './core/model/loop.ts', './cli/program.ts', './parts.ts'],
  ['src/host.ts', './core/model/loop.ts', './headless/hostConfig.ts', './parts.ts'],
  [
    'src/parts.ts',
    './core/model/loop.ts',
    './store/sqlite/schema.ts',
    './process/sweep/reap.ts',
    './agents/claude.ts',
    './ui/settings/config.ts',
  ],
  [
    'src/extension.ts',
    './core/model/loop.ts',
    './store/sqlite/schema.ts',
    './process/sweep/reap.ts',
    './agents/claude.ts',
    'vscode',
  ],
];

describe('import boundaries', () => {
  let refused: Map<string, string[]>;

  before(() => {
    refused = lint([...FORBIDDEN, ...ALLOWED]);
  });

  for (const [file, ...imports] of FORBIDDEN) {
    it(`${file} may not import ${imports.join(', ')}, not even a type`, () => {
      assert.deepEqual(refused.get(file)?.toSorted(), imports.toSorted());
    });
  }

  for (const [file, ...imports] of ALLOWED) {
    it(`${file} may import ${imports.join(', ')}`, () => {
      const hit = refused.get(file) ?? [];
      assert.deepEqual(
        imports.filter((name) => hit.includes(name)),
        [],
      );
    });
  }

  it('no type reaches over a boundary by import("…"), which the lint does not see', async () => {
    for await (const file of glob('src/**/*.ts')) {
      assert.doesNotMatch(readFileSync(file, 'utf8'), /(?<!await )\bimport\(['"]/, file);
    }
  });
});

/**
 * Runs the real rules over a copy of the layout in which each file holds the imports in question, and answers those
 * that are refused.
 */
function lint(cases: typeof FORBIDDEN): Map<string, string[]> {
  const root = mkdtempSync(join(tmpdir(), 'loop-boundaries-'));
  try {
    writeFileSync(
      join(root, '.biome.json'),
      JSON.stringify({ ...JSON.parse(readFileSync('.biome.json', 'utf8')), vcs: { enabled: false } }),
    );
    const lines = new Map<string, string[]>();
    for (const [file, ...imports] of cases) lines.set(file, [...(lines.get(file) ?? []), ...imports]);
    for (const [file, imports] of lines) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), imports.map((name, at) => `import type { T${at} } from '${name}';\n`).join(''));
    }
    const run = spawnSync(
      resolve('node_modules/.bin/biome'),
      ['lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=json'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    const report = JSON.parse(run.stdout) as { diagnostics: { location: { path: string; start: { line: number } } }[] };
    const refused = new Map<string, string[]>();
    for (const { location } of report.diagnostics) {
      const name = lines.get(location.path)?.[location.start.line - 1] ?? `unexpected: ${JSON.stringify(location)}`;
      refused.set(location.path, [...(refused.get(location.path) ?? []), name]);
    }
    return refused;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
