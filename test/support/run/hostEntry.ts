import { globSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from './mochaClass.ts';
import { HANGS_MS } from './record.ts';
import RecordReporter from './recordReporter.ts';

/** What a VS Code calls inside its extension host: runs the bundled tests that lie beside this file. */
export async function run(): Promise<void> {
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: HANGS_MS,
    reporter: RecordReporter,
    reporterOptions: { staysOpen: true },
    forbidOnly: true,
  });
  for (const file of globSync('*.test.cjs', { cwd: __dirname }).sort()) mocha.addFile(join(__dirname, file));
  const failures = await new Promise<number>((resolve) => {
    mocha.run(resolve);
  });
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
