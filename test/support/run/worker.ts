import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';
import { closeShared } from '../host/sharedServers.ts';
import { CLAIMS, HANGS_MS } from './record.ts';
import RecordReporter, { report } from './recordReporter.ts';

// node worker.ts file …: one of several programs that run these files of tests side by side, each the next that no
// other has claimed. What the files share, such as a server, is opened once for each worker.
const claims = process.env[CLAIMS];
if (!claims) throw new Error(`${CLAIMS} does not name the folder of claims.`);

// A rejection that no test waits for, such as of a window that has just been closed, is said and ends nothing.
process.on('unhandledRejection', (reason) => console.error('A rejection that no test has waited for:', reason));

let failures = 0;
for (const file of process.argv.slice(2)) if (claim(file)) failures += await run(file);
await closeShared();
report({ kind: 'end' });
process.exitCode = failures > 0 ? 1 : 0;

function claim(file: string): boolean {
  try {
    mkdirSync(join(claims!, encodeURIComponent(file)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function run(file: string): Promise<number> {
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: HANGS_MS,
    reporter: RecordReporter,
    reporterOptions: { staysOpen: true, more: true },
    forbidOnly: true,
  });
  mocha.addFile(file);
  await mocha.loadFilesAsync();
  const failed = await new Promise<number>((resolve) => {
    mocha.run(resolve);
  });
  // It listens to errors of this program until then, and would end it by one of a later file.
  mocha.dispose();
  return failed;
}
