import { readFileSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Asker } from '../asking/asker.ts';
import type { Line } from './acpLines.ts';
import type { AcpRun } from './acpRun.ts';
import { AgentProgram } from './agentProgram.ts';

// driver.cjs [--asks FOLDER] [--resume SESSION] [--mode MODE] [--model MODEL] -- COMMAND [ARGUMENT…] < PROMPT

/** After a stop was asked for, the agent has so long (ms) to end its turn before it is ended. */
const CANCEL_MS = 2_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    asks: { type: 'string' },
    resume: { type: 'string' },
    mode: { type: 'string' },
    model: { type: 'string' },
  },
});
const [command = '', ...args] = positionals;
const { asks, ...chosen } = values;
const agent = new AgentProgram(command, args);

let run: AcpRun | undefined;
let stops = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (stops++ > 0) void agent.end();
    else {
      run?.cancel();
      setTimeout(() => void agent.end(), CANCEL_MS).unref();
    }
  });

void start().then(async (ok) => {
  await agent.end();
  process.exit(ok ? 0 : 1);
});

/** The agent is starting meanwhile: it takes longer than to load the protocol. */
async function start(): Promise<boolean> {
  const { AcpRun } = await import('./acpRun.ts');
  const asker = asks === undefined ? undefined : new Asker(asks);
  run = new AcpRun({ prompt: readFileSync(0, 'utf8'), cwd: process.cwd(), ...chosen }, agent, asker, print);
  if (stops > 0) run.cancel();
  return run.run();
}

/** Standard output is a file: a line is there at once, whatever becomes of us. */
function print(line: Line): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
