import { appendFileSync } from 'node:fs';
import Mocha from './mochaClass.ts';
import { type Line, RECORD } from './record.ts';

/** How long (ms) a program of tests may take to end after its last test. */
const LEFT_OPEN_MS = 120_000;

/** Adds a line to the file that the environment names, if it names one: a test file that is run by hand has none. */
export function report(line: Line): void {
  const file = process.env[RECORD];
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/**
 * Mocha's reporter for the runner: a line of JSON for each test, in the file that the environment names. Works in an
 * extension host too. Its option `staysOpen`: the program goes on after these tests; `more`: with other tests, so this
 * is not the end.
 */
export default class RecordReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    if (!process.env[RECORD]) throw new Error(`${RECORD} does not name the file to report in.`);
    const { staysOpen = false, more = false } = (options?.reporterOptions ?? {}) as { [name: string]: boolean };
    for (const event of ['test', 'hook'])
      runner.on(event, (begun: Mocha.Runnable) => report({ kind: 'begin', title: begun.fullTitle() }));
    runner.on('pass', (test) => report({ kind: 'pass', title: test.fullTitle(), ms: test.duration ?? 0 }));
    runner.on('pending', (test) => report({ kind: 'skip', title: test.fullTitle() }));
    runner.on('fail', (test, error) => report({ kind: 'fail', title: test.fullTitle(), error: describe(error) }));
    runner.once('end', () => {
      if (!more) report({ kind: 'end' });
      if (!staysOpen) watchEnd();
    });
  }
}

/** A program whose tests are over ends by itself; one that does not says what it holds. */
function watchEnd(): void {
  const late = setTimeout(() => {
    const error = `Something was left open: ${process.getActiveResourcesInfo().join(', ')}.`;
    report({ kind: 'fail', title: 'the tests let go of all that they opened', error });
    process.exit(1);
  }, LEFT_OPEN_MS);
  late.unref();
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\nCaused by: ${describe(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
