import { copyOf } from '../../core/model/copy.ts';
import type { Disposable } from '../../core/model/disposable.ts';
import { isSupervisorError, NotReadyError } from '../../core/model/errors.ts';
import { Emitter, type Event, type SupervisorEvent } from '../../core/model/event.ts';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { Settings } from '../../core/model/settings.ts';
import type { Status, SubmitResult } from '../../core/model/status.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { emptyStatus } from './emptyStatus.ts';
import { type HostState, notReadyReason, UNTRUSTED, withTrouble } from './hostState.ts';

/** A supervisor ready to start, and its store to close afterwards. */
export interface OpenedSupervisor {
  readonly supervisor: Supervisor;
  /** Fires when the store becomes unusable, and with `undefined` when it recovers. */
  onTrouble(listener: (error: Error | undefined) => void): Disposable;
  /** Closes the store; called after the supervisor was released. */
  close(): void;
}

/** What the host needs. */
export interface HostOptions {
  /** Whether the workspace is trusted; otherwise nothing is opened. */
  isTrusted(): boolean;
  /** Opens the store and creates a supervisor on it. Throws if it cannot. */
  open(): Promise<OpenedSupervisor>;
  settings(): Settings;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  log(message: string, error?: unknown): void;
}

/** Retry interval (ms) while a full disk or a missing server prevents opening. */
const OPEN_AGAIN_MS = 5_000;

/**
 * Owns this window's supervisor from activation to deactivation. Opens it outside of activation, once the workspace is
 * trusted, and again after a failure. All of the user interface accesses the supervisor through it.
 */
export class SupervisorHost implements Disposable {
  readonly #options: HostOptions;
  readonly #changed: Emitter<void>;
  readonly #events: Emitter<SupervisorEvent>;
  readonly #stateChanged: Emitter<HostState>;
  #state: HostState = { kind: 'idle' };
  #opened: OpenedSupervisor | undefined;
  #opening: Promise<Supervisor> | undefined;
  #listeners: Disposable[] = [];
  #again: Disposable | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    const onError = (error: unknown) => options.log('A listener has thrown.', error);
    this.#changed = new Emitter(onError);
    this.#events = new Emitter(onError);
    this.#stateChanged = new Emitter(onError);
  }

  /** Fires when the status may have changed, or the supervisor came or went. Not coalesced. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get onEvent(): Event<SupervisorEvent> {
    return this.#events.event;
  }

  get onDidChangeState(): Event<HostState> {
    return this.#stateChanged.event;
  }

  get state(): HostState {
    return this.#state;
  }

  /** The supervisor, if it is ready. */
  get current(): Supervisor | undefined {
    return this.#state.kind === 'ready' ? this.#state.supervisor : undefined;
  }

  /** Why it is not ready; undefined if it is. */
  get notReady(): string | undefined {
    return notReadyReason(this.#state);
  }

  /** Opens the supervisor, also after a failure or while the store is in trouble. Rejects with `NotReadyError`. */
  open(): Promise<Supervisor> {
    if (this.#state.kind === 'closed') return Promise.reject(this.#refusal());
    if (!this.#options.isTrusted()) {
      this.#enter({ kind: 'untrusted' });
      return Promise.reject(this.#refusal());
    }
    if (this.#state.kind === 'ready' && !this.#state.trouble) return Promise.resolve(this.#state.supervisor);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    // Callers await `ready()`; this only avoids an unhandled rejection.
    this.#opening.catch(() => {});
    return this.#opening;
  }

  /** Resolves with the supervisor once it is ready. Rejects with `NotReadyError` if that needs an action (R1.2). */
  async ready(): Promise<Supervisor> {
    if (this.#opening) return this.#opening;
    if (this.#state.kind === 'ready') return this.#state.supervisor;
    throw this.#refusal();
  }

  /** Submits once the supervisor is ready. If it is not, the rejection fires as an event too (R1.2). */
  async submit(given: LoopSpec): Promise<SubmitResult> {
    // The caller may reuse the object while this waits (R1.3).
    const spec = copyOf(given);
    let supervisor: Supervisor;
    try {
      supervisor = await this.ready();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#events.fire({
        type: 'loop:rejected',
        at: this.#options.clock.now(),
        // It has none before it has opened its store.
        host: '',
        loopId: spec?.loopId ?? '',
        reason: 'not-ready',
        error: message,
      });
      throw error;
    }
    return supervisor.submit(spec);
  }

  /**
   * One consistent snapshot (R10.1), with the first `maxQueued` of the queue. Without a supervisor: empty, not ready,
   * with the reason.
   */
  status(maxQueued = Number.POSITIVE_INFINITY): Status {
    const notReady = this.notReady;
    if (this.#state.kind === 'ready') {
      const status = this.#state.supervisor.status(maxQueued);
      return notReady === undefined ? status : { ...status, ready: false, notReady };
    }
    return emptyStatus(this.#options.settings(), this.#options.clock.now(), notReady);
  }

  /** Calls `listener` as soon as a supervisor is created, so that settings changed during its start are not lost. */
  tell(change: (supervisor: Supervisor) => void): void {
    if (this.#opened) change(this.#opened.supervisor);
  }

  /** Releases the lease for good; running loops live on (durable runs). */
  async close(): Promise<void> {
    if (this.#state.kind === 'closed') return;
    const opening = this.#opening;
    this.#again?.dispose();
    this.#enter({ kind: 'closed' });
    // Close first: the start may be waiting for a store held by another program.
    await this.#release();
    await opening?.catch(() => {});
    await this.#release();
  }

  dispose(): void {
    void this.close().catch((error: unknown) => this.#options.log('The supervisor could not be released.', error));
  }

  async #open(): Promise<Supervisor> {
    this.#again?.dispose();
    const failure = this.#state.kind === 'broken' ? this.#state.error : undefined;
    this.#enter(withTrouble({ kind: 'opening' }, failure));
    try {
      await this.#release();
      // Not within the call: opening takes time.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#isClosed()) throw this.#refusal();
      const opened = await this.#options.open();
      this.#opened = opened;
      if (this.#isClosed()) throw this.#refusal();
      const { supervisor } = opened;
      let trouble: Error | undefined;
      const told = opened.onTrouble((error) => {
        trouble = error;
        if (this.#state.kind === 'opening') this.#enter(withTrouble({ kind: 'opening' }, trouble));
        else if (this.#state.kind === 'ready') this.#enter(withTrouble({ kind: 'ready', supervisor }, trouble));
      });
      // Its first transaction already fires events.
      this.#listeners = [
        told,
        supervisor.onEvent((event) => this.#events.fire(event)),
        supervisor.onDidChange(() => this.#changed.fire()),
      ];
      await supervisor.start();
      if (this.#isClosed()) throw this.#refusal();
      this.#enter(withTrouble({ kind: 'ready', supervisor }, trouble));
      return supervisor;
    } catch (error) {
      await this.#release();
      if (this.#isClosed()) throw this.#refusal();
      const cause = error instanceof Error ? error : new Error(String(error));
      if (cause.message !== failure?.message) this.#options.log('The supervisor could not be opened.', cause);
      this.#enter({ kind: 'broken', error: cause });
      if (mayPass(cause))
        this.#again = this.#options.clock.after(OPEN_AGAIN_MS, () => void this.open().catch(() => undefined));
      throw this.#refusal();
    }
  }

  async #release(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    for (const listener of this.#listeners.splice(0)) listener.dispose();
    if (!opened) return;
    try {
      await opened.supervisor.release();
    } catch (error) {
      this.#options.log('The supervisor could not be released; its lease ends with this process.', error);
    } finally {
      opened.close();
    }
  }

  #isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  #refusal(): NotReadyError {
    const cause = this.#state.kind === 'broken' ? this.#state.error : undefined;
    return new NotReadyError(this.notReady ?? UNTRUSTED, cause ? { cause } : undefined);
  }

  #enter(state: HostState): void {
    this.#state = state;
    this.#stateChanged.fire(state);
    this.#changed.fire();
  }
}

/** Disk space or the server may come back without any action in this window. */
function mayPass(error: Error): boolean {
  if (!isSupervisorError(error) || !('kind' in error)) return false;
  return error.kind === 'disk' || error.kind === 'unreachable';
}
