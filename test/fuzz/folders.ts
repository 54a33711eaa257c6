import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { Orders } from '../../src/process/guardian/orders.ts';
import { type RunFiles, runFiles } from '../../src/process/runFolder/runFiles.ts';
import { FolderBench } from './folderBench.ts';
import type { FuzzOptions, FuzzResult } from './outcome.ts';
import { onceIn, tryCases } from './property.ts';

/** A file system in memory where there is one. */
const FAST = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    'x',
    0,
    -1,
    0.5,
    2 ** 53,
    1e300,
    true,
    [],
    {},
    'user',
    'nobody',
    'SIGTERM',
    '__proto__',
    '../..',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const word = (...words: string[]) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom<unknown>(...words) }, odd);
const number = fc.oneof({ weight: 4, arbitrary: fc.nat(2_000_000_000) }, odd);
const identity = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      { pid: number, startTime: word('1', '12345'), bootId: word('boot', 'another boot') },
      { requiredKeys: [] },
    ),
  },
  odd,
);
const swept = fc.oneof(
  fc.constant([]),
  fc.array(fc.record({ pid: number, startTime: word('1'), bootId: word('boot'), command: word('sh') }), {
    maxLength: 3,
  }),
  odd,
);
const stopper = word(
  'user',
  'shutdown',
  'budget',
  'cap',
  'restart',
  'timeout',
  'hung',
  'output-limit',
  'unattended',
  'ended',
  'nobody',
);
const exit = fc.oneof(
  { weight: 3, arbitrary: fc.record({ exitCode: number, signal: word('SIGKILL', 'SIGTERM') }, { requiredKeys: [] }) },
  odd,
);
const format = fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>(1) }, odd);

const record = fc.oneof(
  fc.record({ format, by: word('guardian', 'void'), guardian: identity }, { requiredKeys: ['format', 'by'] }),
  fc.record({ format, leader: identity, guardian: identity, at: number }),
  fc.record({ format, exit, at: number, stoppedBy: stopper }, { requiredKeys: ['format', 'exit', 'at'] }),
  fc.record(
    {
      format,
      kind: word('exited', 'spawn', 'void', 'lost'),
      exit,
      at: number,
      stoppedBy: stopper,
      error: word('no'),
      swept,
      kept: swept,
      remaining: swept,
    },
    { requiredKeys: ['format', 'kind', 'exit', 'at', 'swept', 'kept', 'remaining'] },
  ),
  fc.record({ format, kind: word('first-output', 'silence'), forMs: number }),
);
const order = fc.record(
  {
    kind: word('stop', 'signal', 'keepWaiting', 'leave', 'adopted'),
    by: stopper,
    graceMs: number,
    signal: word('SIGTERM', 'SIGKILL'),
    stopAfterMs: number,
    mine: odd,
  },
  { requiredKeys: ['kind'] },
);
/** What is in a file, or that a folder is in its place. */
const content = (likely: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 6, arbitrary: likely.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.constant({ folder: true as const }) },
    { weight: 1, arbitrary: fc.constantFrom('', '{', 'null', '\0'.repeat(5_000)) },
  );
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => onceIn(2, arbitrary);

const folderCase = fc.record({
  claim: sometimes(content(record)),
  started: sometimes(content(record)),
  exit: sometimes(content(record)),
  ended: sometimes(content(record)),
  silent: sometimes(content(record)),
  report: sometimes(content(odd)),
  stdout: sometimes(content(fc.constant({ type: 'result', is_error: false, total_cost_usd: 0.1 }))),
  stderr: sometimes(content(odd)),
  guardianLog: sometimes(content(odd)),
  orders: fc.array(fc.tuple(fc.constantFrom('1.order', '2.order', 'x.order', '1.order.result'), content(order)), {
    maxLength: 3,
  }),
  box: sometimes(fc.array(fc.tuple(fc.constantFrom('3.order', 'y', ''), content(order)), { maxLength: 3 })),
  /** The run folder itself is a file. */
  isFile: onceIn(40, fc.constant(true as const)),
});
type FolderCase = typeof folderCase extends fc.Arbitrary<infer T> ? T : never;

/**
 * Run folders with anything in them, adopted by a window: the attempt ends, with a reason; a guardian takes orders of
 * known kinds only.
 */
export async function fuzzFolders(options: FuzzOptions): Promise<FuzzResult> {
  const folder = mkdtempSync(join(FAST, 'loop-supervisor-fuzz-runs-'));
  const bench = new FolderBench(folder);
  try {
    return await tryCases(folderCase, options, async (written) => {
      let told: string | undefined;
      const wrong = await bench.adopt((token) => {
        const files = runFiles(folder, token);
        fill(files, written);
        told = wrongOrder(files);
      });
      return told ?? wrong;
    });
  } finally {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(files: RunFiles, { orders, box, isFile, ...rest }: FolderCase): void {
  rmSync(files.folder, { recursive: true, force: true });
  if (isFile) {
    writeFileSync(files.folder, 'not a folder');
    return;
  }
  mkdirSync(files.orders, { recursive: true });
  for (const [name, held] of Object.entries(rest)) if (held !== undefined) put(files[name as keyof RunFiles], held);
  for (const [name, held] of orders) put(join(files.orders, name), held);
  const lines = box?.map(([name, held]) => `${name}\t${typeof held === 'string' ? held : ''}\n`);
  if (lines) put(files.box, lines.join(''));
}

function put(path: string, held: string | { readonly folder: true }): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  if (typeof held === 'string') writeFileSync(path, held);
  else mkdirSync(path);
}

const STOPPERS: readonly unknown[] = [
  'user',
  'shutdown',
  'budget',
  'cap',
  'restart',
  'timeout',
  'hung',
  'output-limit',
  'unattended',
  'ended',
];

/** What a guardian would make of the orders there. */
function wrongOrder(files: RunFiles): string | undefined {
  for (const { order } of new Orders(files, () => {}).take()) {
    const isStop = order.kind === 'stop' || (order.kind === 'signal' && order.by !== undefined);
    if (isStop && !STOPPERS.includes(order.by)) return `a guardian takes an order by nobody: ${JSON.stringify(order)}`;
    if (order.kind === 'stop' && !Number.isFinite(order.graceMs)) return `a guardian takes a grace of ${order.graceMs}`;
  }
  return undefined;
}
