import { type ChildProcess, spawn } from 'node:child_process';
import { homeFolder } from './ownUser.ts';
import { shellQuestion } from './shellQuestion.ts';

export interface AskShellOptions {
  readonly shell: string;
  readonly nodePath: string;
  /** What the shell begins with. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take, ms. */
  readonly timeoutMs: number;
}

/** No environment is longer (characters). */
const LONGEST = 16 * 1024 * 1024;
/** A shell that has answered gets this long (ms) to leave. */
const LEAVE_MS = 2_000;
/** How long (ms) to wait for a shell's output after its end; others may hold it open forever. */
const LAST_WORDS_MS = 500;

/**
 * Asks a login shell for its environment. Settles as soon as the answer is there, or within the time limit, whatever
 * the shell's profile leaves running.
 *
 * @throws Error when there is no answer.
 */
export function askShell(options: AskShellOptions): Promise<Record<string, string>> {
  const { shell, nodePath, environment, timeoutMs } = options;
  const question = shellQuestion(shell, nodePath);
  return new Promise((resolve, reject) => {
    // Where no descriptor is free, it has no streams, and says so in an event.
    const child: ChildProcess = spawn(shell, question.args, {
      env: { ...environment, ELECTRON_RUN_AS_NODE: '1' },
      cwd: homeFolder(),
      stdio: ['ignore', 'pipe', 'ignore'],
      // In a session of its own an interactive shell does not reach for a terminal.
      detached: true,
      windowsHide: true,
    });
    let printed = '';
    const timers: NodeJS.Timeout[] = [];
    const settle = (settled: () => void, leaveMs: number) => {
      for (const timer of timers) clearTimeout(timer);
      child.stdout?.destroy();
      child.unref();
      setTimeout(() => endGroup(child), leaveMs).unref();
      settled();
    };
    const fail = (why: string, leaveMs = 0) => settle(() => reject(new Error(why)), leaveMs);
    timers.push(setTimeout(() => fail(`It did not answer within ${timeoutMs / 1000} s.`), timeoutMs));
    child.on('error', (error) => settle(() => reject(error), 0));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const answer = question.read(printed);
      if (answer) settle(() => resolve(answer), LEAVE_MS);
      else if (printed.length > LONGEST) fail('It printed too much.');
    });
    child.on('exit', () => {
      timers.push(setTimeout(() => fail('It did not print its environment.'), LAST_WORDS_MS));
    });
    child.on('close', () => fail('It did not print its environment.'));
  });
}

/** Ends a shell that is still there, with all in its group. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill();
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
