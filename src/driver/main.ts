import { readFileSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Asker } from '../asking/asker.ts';
import { AgentProgram } from './agentProgram.ts';
import { ClaudeRun } from './claudeRun.ts';

// driver.cjs [--claude] [--asks FOLDER] [--resume SESSION] [--mode MODE] [--model MODEL] -- COMMAND [ARGUMENT…]
// It takes the prompt on standard input.

/** How long (ms) an agent has to end its turn after a stop was requested, before it is ended. */
const CANCEL_MS = 2_000;

/** How long (ms) Claude Code has to end its turn after an interrupt, before it gets the signal itself. */
const INTERRUPT_MS = 1_500;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    asks: { type: 'string' },
    claude: { type: 'boolean' },
    resume: { type: 'string' },
    mode: { type: 'string' },
    model: { type: 'string' },
  },
});
const [command = '', ...args] = positionals;
const { asks, claude, ...chosen } = values;
const agent = new AgentProgram(command, args);
const asker = asks === undefined ? undefined : new Asker(asks);

/** What a signal does; the number counts from 0. */
let onSignal: (signal: NodeJS.Signals, number: number) => void = () => undefined;
let signalled = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onSignal(signal, signalled++));

void (claude ? driveClaude() : driveAcp()).then((code) => process.exit(code));

async function driveClaude(): Promise<number> {
  const run = new ClaudeRun(agent, asker, print);
  onSignal = (signal, number) => {
    if (signal !== 'SIGINT' || number > 0) agent.signal(signal);
    else {
      run.interrupt();
      setTimeout(() => agent.signal(signal), INTERRUPT_MS).unref();
    }
  };
  await run.run(readFileSync(0, 'utf8'));
  const { code, how } = await agent.ended;
  if (code === 127) process.stderr.write(`${how}\n`);
  return code;
}

/** The agent starts meanwhile, which takes longer than loading the protocol. */
async function driveAcp(): Promise<number> {
  onSignal = () => void agent.end();
  const { AcpRun } = await import('./acpRun.ts');
  const options = { prompt: readFileSync(0, 'utf8'), cwd: process.cwd(), ...chosen };
  const run = new AcpRun(options, agent, asker, (line) => print(JSON.stringify(line)));
  onSignal = (_, number) => {
    if (number > 0) void agent.end();
    else {
      run.cancel();
      setTimeout(() => void agent.end(), CANCEL_MS).unref();
    }
  };
  const ok = await run.run();
  await agent.end();
  return ok ? 0 : 1;
}

/** Standard output is a file: each line is there at once, whatever happens to us. */
function print(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
