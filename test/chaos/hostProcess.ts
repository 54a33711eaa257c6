import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SupervisorEvent } from '../../src/core/model/event.ts';
import type { HostOptions, HostRequest } from '../support/plainHost.ts';

const HOST = fileURLToPath(new URL('../support/plainHost.ts', import.meta.url));

type Message = { ready?: true; event?: SupervisorEvent; id?: number; value?: unknown; error?: string; code?: string };
type Ask = HostRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

/** What a host refused, with the code of its error. */
export class HostError extends Error {
  readonly code: string | undefined;
  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** A forked plain host. */
export class HostProcess {
  readonly child: ChildProcess;
  readonly events: SupervisorEvent[] = [];
  /** Its standard error: what it logged. */
  log = '';
  /** It was told to end: an end before that is a crash. */
  isEnding = false;
  #ids = 0;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #ready: Promise<void>;

  /** `within`: a command that starts it in surroundings of its own. */
  constructor(options: HostOptions, program = HOST, within: readonly string[] = []) {
    const [execPath = process.execPath, ...before] = [...within, ...(within.length > 0 ? [process.execPath] : [])];
    this.child = fork(program, [JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execPath,
      execArgv: [...before, '--disable-warning=ExperimentalWarning'],
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-20_000);
    });
    this.#ready = new Promise((resolve, reject) => {
      this.child.on('message', (message) => {
        if ((message as Message).ready) resolve();
        else this.#hear(message as Message);
      });
      this.child.on('exit', (code, signal) => {
        const gone = new HostError(`The host has ended (${signal ?? code}). ${this.log.slice(-500)}`, 'gone');
        reject(gone);
        for (const { reject: refuse } of this.#waiting.values()) refuse(gone);
        this.#waiting.clear();
      });
    });
    this.#ready.catch(() => {});
  }

  get lives(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  /** Rejects with a `HostError`, of code `gone` when the host dies before it answers. */
  async ask<T>(request: Ask): Promise<T> {
    await this.#ready;
    if (!this.lives) throw new HostError('The host has ended.', 'gone');
    const id = ++this.#ids;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.child.send({ ...request, id });
    });
  }

  /** Its end, by SIGKILL. */
  async kill(): Promise<void> {
    this.isEnding = true;
    if (!this.lives) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** As a window closes: it lets go of its loops and goes. */
  async release(): Promise<void> {
    this.isEnding = true;
    await this.ask({ do: 'release' });
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    if (this.lives) await ended;
  }

  #hear(message: Message): void {
    if (message.event) this.events.push(message.event);
    if (message.id === undefined) return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.value);
    else waiting?.reject(new HostError(message.error, message.code));
  }
}
