import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';
import { type Line, RECORD } from './record.ts';

/** How long a program of tests may take to end after its last test, in ms. */
const LEFT_OPEN_MS = 10_000;

/** Mocha's reporter for the runner: a line of JSON for each test, in the file that the environment names. Works in an extension host too. */
export default class RecordReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env[RECORD];
    if (!file) throw new Error(`${RECORD} does not name the file to report in.`);
    const write = (line: Line) => appendFileSync(file, `${JSON.stringify(line)}\n`);
    runner.on('pass', (test) => write({ kind: 'pass', title: test.fullTitle(), ms: test.duration ?? 0 }));
    runner.on('pending', (test) => write({ kind: 'skip', title: test.fullTitle() }));
    runner.on('fail', (test, error) => write({ kind: 'fail', title: test.fullTitle(), error: describe(error) }));
    runner.once('end', () => {
      write({ kind: 'end' });
      if (!options?.reporterOptions?.staysOpen) watchEnd(write);
    });
  }
}

/** A program whose tests are over ends by itself; one that does not says what it holds. */
function watchEnd(write: (line: Line) => void): void {
  const late = setTimeout(() => {
    const error = `Something was left open: ${process.getActiveResourcesInfo().join(', ')}.`;
    write({ kind: 'fail', title: 'the tests let go of all that they opened', error });
    process.exit(1);
  }, LEFT_OPEN_MS);
  late.unref();
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\nCaused by: ${describe(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
