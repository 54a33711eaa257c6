import { isFinished, type Loop, needsUser } from '../../core/model/loop.ts';
import { CallError, EXIT, type ExitCode } from '../exitCodes.ts';
import { loopJson } from '../loopJson.ts';
import { waitSchema } from '../schemas.ts';
import { type Session, sleep } from '../session.ts';
import { heldBack, nextCall, stateLine } from '../stateLine.ts';
import { amount } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';

interface WaitOptions {
  readonly timeout?: number;
}

const LOOK_EVERY_MS = 200;

export const addWait: AddCommands = (program, run) => {
  program
    .command('wait')
    .summary('wait for the end of loops')
    .description(
      'Waits until the named loops have ended or wait for you, and ends as the worst of them: failed, cancelled, ' +
        'waiting for you, completed. What changes meanwhile goes to standard error.',
    )
    .argument('<id...>', 'ids of loops')
    .option('--timeout <seconds>', 'wait no longer than this', amount)
    .addHelpText(
      'after',
      examples(
        ['loops wait loop-1a2b3c', 'until it is done'],
        ['id=$(loops submit "Fix it") && loops wait "$id" && loops logs "$id"', 'in a script'],
        ['loops wait --timeout 600 a b || echo "ended with $?"', 'ten minutes at most'],
      ),
    )
    .action(
      run((session, ids: readonly string[], { timeout }: WaitOptions) =>
        waitFor(session, ids, timeout === undefined ? undefined : timeout * 1_000),
      ),
    );
};

/**
 * Waits for loops, reports each change of state, and resolves with the exit code. `withinMs`: no bound if undefined.
 */
export async function waitFor(
  session: Session,
  ids: readonly string[],
  withinMs: number | undefined,
): Promise<ExitCode> {
  const supervisor = await session.supervisor();
  const { output, clock } = session;
  await session.ensureHost();
  const deadline = withinMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + withinMs;
  const said = new Map<string, string>();
  const find = async (id: string): Promise<Loop> => {
    const loop = await supervisor.find(id);
    if (!loop) throw new CallError(EXIT.notFound, `There is no loop ${id}.`);
    const text = stateLine(loop);
    if (said.get(id) === text) return loop;
    said.set(id, text);
    const time = new Date(clock.now()).toLocaleTimeString('en-GB');
    // A host that was just started is not there yet.
    const held = heldBack(supervisor, loop, 'window');
    const next = nextCall(loop);
    const more = `${held === undefined ? '' : `: ${held}`}${next === undefined ? '' : ` (${next})`}`;
    output.progress(`${time} ${id} ${text}${more}`);
    return loop;
  };
  let timedOut = false;
  let loops = await Promise.all(ids.map(find));
  while (!loops.every(isOver) && !timedOut) {
    await sleep(LOOK_EVERY_MS);
    loops = await Promise.all(ids.map(find));
    timedOut = performance.now() > deadline && !loops.every(isOver);
  }
  if (output.isJson) output.json(waitSchema, { loops: loops.map((loop) => loopJson(loop)), timedOut });
  if (timedOut) output.notice('The time ran out.');
  return timedOut ? EXIT.timedOut : worst(loops);
}

function isOver(loop: Loop): boolean {
  return isFinished(loop) || needsUser(loop);
}

function worst(loops: readonly Loop[]): ExitCode {
  if (loops.some(({ state }) => state === 'failed')) return EXIT.failed;
  if (loops.some(({ state }) => state === 'cancelled')) return EXIT.cancelled;
  return loops.every(({ state }) => state === 'completed') ? EXIT.ok : EXIT.needsYou;
}
