import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';
import { type Line, RECORD } from './record.ts';

/** Mocha's reporter for the runner: a line of JSON for each test, in the file that the environment names. Works in an extension host too. */
export default class RecordReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner) {
    super(runner);
    const file = process.env[RECORD];
    if (!file) throw new Error(`${RECORD} does not name the file to report in.`);
    const write = (line: Line) => appendFileSync(file, `${JSON.stringify(line)}\n`);
    runner.on('pass', (test) => write({ kind: 'pass', title: test.fullTitle(), ms: test.duration ?? 0 }));
    runner.on('pending', (test) => write({ kind: 'skip', title: test.fullTitle() }));
    runner.on('fail', (test, error) => write({ kind: 'fail', title: test.fullTitle(), error: describe(error) }));
    runner.once('end', () => write({ kind: 'end' }));
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\nCaused by: ${describe(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
