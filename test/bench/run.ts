import { fork } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { render, type Table } from './support/figures.ts';

/**
 * Runs every bench (or those named on the command line) in a process of its own, one after another, prints their tables
 * and writes them as JSON. Exit code 1 only when a bench itself failed: a missed goal is a figure, not a failure.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const all = readdirSync(here)
  .filter((name) => name.endsWith('.bench.ts'))
  .map((name) => name.slice(0, -'.bench.ts'.length));
/** One bench asked for by name may take its time. */
const chosen = process.argv.length > 2 ? process.argv.slice(2) : all;
const tables: Table[] = [];
let failed = 0;

for (const name of chosen) {
  if (!all.includes(name)) {
    process.stderr.write(`There is no bench "${name}". There are: ${all.join(', ')}.\n`);
    failed++;
    continue;
  }
  const before = tables.length;
  const code = await new Promise<number | null>((resolve) => {
    const child = fork(`${here}${name}.bench.ts`, {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, LOOP_SUPERVISOR_BENCH_ALONE: chosen === all ? '0' : '1' },
    });
    child.on('message', (table) => {
      tables.push(table as Table);
      process.stdout.write(`${render(table as Table)}\n`);
    });
    child.on('exit', resolve);
  });
  if (code !== 0 || tables.length === before) {
    process.stderr.write(`The bench ${name} failed with exit code ${code}.\n`);
    failed++;
  } else save();
}

process.exitCode = failed === 0 ? 0 : 1;

/** After each bench: what was measured stays, however the rest ends. */
function save(): void {
  mkdirSync(`${here}out`, { recursive: true });
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model,
    memoryMB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
  };
  writeFileSync(
    `${here}out/bench.json`,
    `${JSON.stringify({ at: new Date().toISOString(), machine, tables }, null, 2)}\n`,
  );
}
