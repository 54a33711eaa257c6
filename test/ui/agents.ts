import type { Seen } from '../support/host/processes.ts';
import type { Server } from '../support/host/server.ts';

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
    args: ['-c', 'read -r file; n=0; while [ ! -e "$file" ]; do n=$((n+1)); echo "tick $n"; sleep 0.1; done; echo done'],
  },
};

/** The `sleep`s that agents have started and that are still there. */
export function sleepers(server: Server): Seen[] {
  return server.started().filter(({ command }) => command.startsWith('sleep 1000'));
}
