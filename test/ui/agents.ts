import type { Seen } from '../support/host/processes.ts';
import type { Server } from '../support/host/server.ts';
import type { Workbench } from '../support/host/workbench.ts';
import { until } from '../support/until.ts';

/** Agents of the settings for tests that need to know each process: `plain` shells. */
export const AGENTS = {
  /** Says one line, then waits for ever. */
  waits: { extends: 'plain', command: 'sh', args: ['-c', 'cat > /dev/null; echo waiting; exec sleep 1000'] },
  /** Has a child and a grandchild that ignore SIGTERM, as it does itself. */
  family: {
    extends: 'plain',
    command: 'sh',
    args: ['-c', "cat > /dev/null; trap '' TERM; sh -c 'sh -c \"echo here; sleep 1000; true\"; true'; true"],
  },
  fails: { extends: 'plain', command: 'sh', args: ['-c', 'cat > /dev/null; echo no luck >&2; exit 3'] },
  /** Is done when the file that its prompt names is there, so that a test says when. */
  until: {
    extends: 'plain',
    command: 'sh',
    args: [
      '-c',
      'read -r file; n=0; while [ ! -e "$file" ]; do n=$((n+1)); echo "tick $n"; sleep 0.1; done; echo done',
    ],
  },
};

/** The `sleep`s that agents have started and that are still there. */
export function sleepers(server: Server): Seen[] {
  return server.started().filter(({ command }) => command.startsWith('sleep 1000'));
}

/** Submits a prompt to that agent by *Submit with Options*, and takes what is offered for all other options. */
export async function submitTo(window: Workbench, prompt: string, agent: string): Promise<void> {
  const { input, tree } = window;
  await window.command('Submit with Options…');
  await input.answer('The text for the agent', prompt);
  // Only those in sight are rows, so the others are filtered out.
  await until('the question for the agent', async () => (await input.question()).includes('agent that runs'));
  await input.input().fill(agent);
  await until('the agents', async () => (await input.choices()).some((choice) => choice.includes(agent)));
  const answered = await input.question();
  await input.pick(new RegExp(`^(\\W*)${agent}`));
  await input.acceptUntil(async () => (await tree.row(prompt).count()) > 0, answered);
}
