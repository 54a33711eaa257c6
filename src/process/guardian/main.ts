import { constants } from 'node:os';
import { readJson } from '../runFolder/atomicFile.ts';
import { FORMAT, type RunRequest } from '../runFolder/records.ts';
import { filesIn } from '../runFolder/runFiles.ts';
import { createTable } from '../tables/platformTable.ts';
import { createInspector } from '../tables/processInspector.ts';
import { notBegunCode } from './exitCodes.ts';
import { Guardian } from './guardian.ts';
import { guardianLog } from './guardianLog.ts';

// The guardian of one attempt: a process of its own that outlives the window. Its argument is the run folder, its whole
// world; a second one says that it was started as its containment wants it.
const files = filesIn(process.argv[2] ?? '');
const log = guardianLog(files.guardianLog);
// Whatever goes wrong here, the agent is not left alone: the next tick tries again.
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => log('Something went wrong; the guardian goes on.', error));

const request = readJson(files.request) as RunRequest | undefined;
if (request?.format !== FORMAT) {
  log('The request cannot be read, so nothing was started.');
  process.exit(notBegunCode(undefined));
}

/** Signals that end what does not listen to them; SIGUSR1 would open Node's debugger. */
const IGNORED = ['SIGHUP', 'SIGUSR1', 'SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGIO', 'SIGXCPU', 'SIGXFSZ'] as const;
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

async function guard(run: RunRequest): Promise<number> {
  // The table gives way to other work: a flood of output must not go unseen while processes are listed.
  const guardian = new Guardian({
    ...{ files, request: run, log },
    table: createTable({ polite: true }),
    inspector: createInspector(),
    isWrapped: process.argv[3] !== undefined,
  });
  // Before the claim: whoever sees the claim may signal us.
  process.on('SIGUSR2', () => guardian.wake());
  for (const signal of IGNORED) if (signal in constants.signals) process.on(signal, () => undefined);
  for (const signal of ENDING) process.on(signal, () => guardian.endBySignal(signal));
  return guardian.run();
}

void guard(request).then(
  (code) => process.exit(code),
  (error: unknown) => {
    log('The guardian could not begin.', error);
    process.exit(notBegunCode(error));
  },
);
