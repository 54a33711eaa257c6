import { constants } from 'node:os';
import { CallError, EXIT } from '../exitCodes.ts';
import { doneSchema } from '../schemas.ts';
import type { Session } from '../session.ts';
import { type AddCommands, examples } from './command.ts';

interface CancelOptions {
  readonly all?: true;
}

interface KillOptions {
  readonly signal: string;
}

export const addStop: AddCommands = (program, run) => {
  program
    .command('cancel')
    .summary('end loops for good')
    .description('Ends loops for good: their processes get a signal to end, and are killed after the grace period.')
    .argument('[id...]', 'ids of loops')
    .option('--all', 'all live loops')
    .addHelpText('after', examples(['loops cancel loop-1a2b3c', 'one'], ['loops cancel --all', 'all live ones']))
    .action(
      run(async (session, ids: readonly string[], { all }: CancelOptions) => {
        session.mustNotBeInside('Cancelling a loop');
        const supervisor = await session.supervisor();
        if (all === true && ids.length > 0) throw new CallError(EXIT.usage, 'Name loops or give --all, not both.');
        if (all !== true && ids.length === 0) throw new CallError(EXIT.usage, 'Name loops, or give --all.');
        const named = all ? supervisor.live().map(({ loop }) => loop.loopId) : ids;
        if (named.length === 0) session.output.progress('No loops are live.');
        return toEach(session, named, (id) => supervisor.cancel(id), 'cancelled', 'is not live');
      }),
    );
  program
    .command('kill')
    .summary("send a signal to a loop's process group")
    .description(
      'Sends one signal to the whole process group of running loops. ' +
        'Signals that end a process stop the loop for good.',
    )
    .argument('<id...>', 'ids of loops')
    .option('-s, --signal <name>', 'the signal, by name or number', 'SIGKILL')
    .addHelpText(
      'after',
      examples(['loops kill loop-1a2b3c', 'at once'], ['loops kill -s SIGSTOP a', 'pause its processes']),
    )
    .action(
      run(async (session, ids: readonly string[], { signal }: KillOptions) => {
        session.mustNotBeInside('Killing a loop');
        const supervisor = await session.supervisor();
        const name = signalOf(signal);
        return toEach(session, ids, (id) => supervisor.killProcessGroup(id, name), `got ${name}`, 'has no process');
      }),
    );
};

/** The name of a signal, as `kill` takes it: `SIGTERM`, `TERM`, `term` or `15`. */
function signalOf(text: string): string {
  const [named] = Object.entries(constants.signals).find(([, number]) => String(number) === text) ?? [];
  const name = named ?? text.toUpperCase();
  return name.startsWith('SIG') ? name : `SIG${name}`;
}

/** Does the same to each loop, reports how each went, and fails if it could not be done to one. */
async function toEach(
  session: Session,
  ids: readonly string[],
  act: (id: string) => Promise<boolean>,
  did: string,
  didNot: string,
) {
  const loops = [];
  for (const loopId of ids) loops.push({ loopId, done: await act(loopId) });
  const { output } = session;
  if (output.isJson) output.json(doneSchema, { loops });
  else
    for (const { loopId, done } of loops)
      if (done) output.line(`${loopId} ${did}`);
      else output.notice(`${loopId} ${didNot}`);
  await session.ensureHost();
  return loops.every(({ done }) => done) ? EXIT.ok : EXIT.notFound;
}
