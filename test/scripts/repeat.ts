import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../support/host/paths.ts';

// node test/scripts/repeat.ts [--times 30] [--cores 2] [--disk] file … [-- mocha's arguments] Runs test files again and
// again, one run after the other, and prints how each run went: a test that is steady passes all of them. Load comes
// with it if asked for: so many programs that burn a core each, and one that floods the disk.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: 'string', default: '30' },
    cores: { type: 'string', default: '0' },
    disk: { type: 'boolean', default: false },
    burn: { type: 'boolean', default: false },
    flood: { type: 'boolean', default: false },
  },
});

/** What a child of ours does that only makes load. It ends with us: its standard input then ends. */
if (values.burn || values.flood) {
  process.stdin.on('end', () => process.exit()).resume();
  if (values.burn) burn();
  else await flood();
}

const load = [...Array(Number(values.cores)).fill('--burn'), ...(values.disk ? ['--flood'] : [])].map((flag: string) =>
  spawn(process.execPath, [import.meta.filename, flag], { stdio: ['pipe', 'ignore', 'inherit'] }),
);
let failures = 0;
for (let run = 1; run <= Number(values.times); run++) {
  const started = performance.now();
  const mocha = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/mocha/bin/mocha.js'), '--reporter', 'dot', '--timeout', '0', ...positionals],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output: Buffer[] = [];
  for (const stream of [mocha.stdout, mocha.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = (await once(mocha, 'close')) as [number | null];
  const text = Buffer.concat(output).toString('utf8');
  const counts = text.match(/\d+ (passing|failing|pending)/g)?.join(', ') ?? 'nothing was run';
  if (code !== 0) failures += 1;
  console.log(
    `${run}: ${counts}, ${((performance.now() - started) / 1000).toFixed(1)} s${code === 0 ? '' : `\n${text}`}`,
  );
}
for (const child of load) child.stdin?.end();
console.log(`${failures} of ${values.times} runs failed: ${positionals.join(' ')} (${load.length} programs of load)`);
process.exitCode = failures > 0 ? 1 : 0;

function burn(): void {
  const until = performance.now() + 20;
  while (performance.now() < until);
  setImmediate(burn);
}

/** Writes a gigabyte over and over, and gives way between the pieces. */
async function flood(): Promise<never> {
  const file = join(tmpdir(), `loop-supervisor-flood-${process.pid}`);
  const descriptor = openSync(file, 'w');
  process.on('exit', () => {
    closeSync(descriptor);
    rmSync(file, { force: true });
  });
  const piece = Buffer.alloc(4 * 1024 * 1024, 'x');
  for (let at = 0; ; at = (at + piece.length) % 2 ** 30) {
    writeSync(descriptor, piece, 0, piece.length, at);
    await new Promise(setImmediate);
  }
}
