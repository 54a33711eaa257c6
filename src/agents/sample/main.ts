import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Asker } from '../../asking/asker.ts';
import { readArguments, type SampleArguments } from './arguments.ts';
import { beChild } from './children.ts';
import { directivesIn, readDirectives } from './directives.ts';
import { result } from './events.ts';
import { HELP, VERSION } from './help.ts';
import { print } from './output.ts';
import { readSession, remember } from './session.ts';
import { work } from './work.ts';

// The bundled sample agent: a program that needs no account, speaks as Claude Code does, and obeys directives in its
// prompt.

const [first, below] = process.argv.slice(2);
if (first === '--be-child') beChild(Number(below) || 0);
else
  void run().then((exitCode) => {
    process.exitCode = exitCode;
  });

async function run(): Promise<number> {
  let args: SampleArguments;
  try {
    args = readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    return 1;
  }
  if (args.help || args.version) {
    console.log(args.help ? HELP : `${VERSION} (sample agent)`);
    return 0;
  }
  const prompt = args.prompt ?? readFileSync(0, 'utf8');
  if (prompt.trim() === '') {
    console.error('Error: Input must be provided either through stdin or as a prompt argument when using --print');
    return 1;
  }
  return start(args, prompt);
}

async function start(args: SampleArguments, prompt: string): Promise<number> {
  const id = args.resume ?? args.sessionId ?? randomUUID();
  const past = args.resume === undefined ? undefined : readSession(id);
  if (args.resume !== undefined && !past) {
    const message = `No conversation found with session ID: ${id}`;
    console.error(message);
    await print(result(id, { subtype: 'error_during_execution', terminalReason: '', errors: [message] }, 0, 0, 0));
    return 1;
  }
  if (!past) remember(id, { directives: directivesIn(prompt) });
  const directives = readDirectives(`${prompt} ${past?.directives ?? ''}`);
  const stop = new AbortController();
  listenToSignals(stop, directives.ignoreSigterm);
  return work({
    session: id,
    prompt,
    directives,
    done: past?.done,
    earlierUsd: past?.costUsd ?? 0,
    maxBudgetUsd: args.maxBudgetUsd,
    asker: args.asks === undefined ? undefined : new Asker(args.asks),
    stop: stop.signal,
  });
}

/** As the real one: on SIGINT it reports and ends, on SIGTERM it only ends. */
function listenToSignals(stop: AbortController, ignore: boolean): void {
  process.on('SIGINT', () => ignore || stop.abort());
  process.on('SIGTERM', () => ignore || process.exit(143));
}
