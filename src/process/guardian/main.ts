import { readJson } from '../runFolder/atomicFile.ts';
import { FORMAT, type RunRequest } from '../runFolder/records.ts';
import { filesIn } from '../runFolder/runFiles.ts';
import { createTable } from '../tables/platformTable.ts';
import { createInspector } from '../tables/processInspector.ts';
import { Guardian } from './guardian.ts';
import { guardianLog } from './guardianLog.ts';

// The guardian of one attempt: a process of its own that outlives the window. Its one argument is the run folder, which is its whole world.
const files = filesIn(process.argv[2] ?? '');
const log = guardianLog(files.guardianLog);
// Whatever goes wrong here, the agent is not left alone: what can be done is tried again at the next tick.
process.on('uncaughtException', (error) => log('Something went wrong; the guardian goes on.', error));
process.on('unhandledRejection', (error) => log('Something went wrong; the guardian goes on.', error));

const request = readJson(files.request) as RunRequest | undefined;
if (request?.format !== FORMAT) {
  log('The request can not be read, so nothing was started.');
  process.exit(1);
}
// The table gives way to other work: a flood of output must not go unseen while processes are listed.
const guardian = new Guardian({
  files,
  request,
  table: createTable({ polite: true }),
  inspector: createInspector(),
  log,
});

// Before the claim: who sees the claim may signal us.
process.on('SIGUSR2', () => guardian.wake());
process.on('SIGHUP', () => undefined);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => guardian.stop('shutdown'));

void guardian.run().then(
  () => process.exit(0),
  (error: unknown) => {
    log('The guardian could not begin.', error);
    process.exit(1);
  },
);
