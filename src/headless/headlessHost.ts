import { isSupervisorError, type StoreError } from '../core/model/errors.ts';
import { isActive } from '../core/model/loop.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Supervisor } from '../core/supervisor.ts';
import type { KeepAwake } from '../process/awake/keepAwake.ts';
import { noteAlone } from './alone.ts';
import type { HostConfig } from './hostConfig.ts';
import { isNewer } from './versions.ts';

/** How often (ms) it checks whether it is still needed and whether its settings have changed. */
const LOOK_EVERY_MS = 5_000;
/** It ends after this many checks in a row, this long (ms) apart, that find nothing to do. */
const IDLE_LOOKS = 3;
const IDLE_LOOK_EVERY_MS = 2_000;

export interface HeadlessHostOptions {
  readonly supervisor: Pick<
    Supervisor,
    'configure' | 'goesOn' | 'hostId' | 'live' | 'release' | 'releaseIfIdle' | 'windowCount'
  >;
  readonly config: Pick<HostConfig, 'refresh' | 'settings' | 'doubts' | 'window' | 'get'>;
  readonly storage: string;
  /** Its own version. */
  readonly version: string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly awake: Pick<KeepAwake, 'set'>;
  /** What has become of its own program. */
  lookAtProgram(): ProgramLook;
  /** Starts the host of the program that is there now. Rejects with the error of the file system. */
  startNext(): Promise<void>;
  /** Rereads the agents' settings. */
  readAgents(): unknown;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * What has become of the host's own program: it is as it was, gone with its folder, or another file in the same place,
 * as an update by npm leaves it.
 */
export type ProgramLook = 'same' | 'gone' | 'replaced';

/**
 * The life of the headless host (R15.1): it follows the settings that windows store, steps aside for a newer version,
 * hands over to one that took its place on the disk, and ends when it is uninstalled, turned off, or has nothing left
 * to do.
 */
export class HeadlessHost {
  readonly #options: HeadlessHostOptions;
  readonly #ended = Promise.withResolvers<void>();
  #isLeaving = false;
  #idleLooks = 0;
  #wasAlone = false;
  #wasReplaced = false;

  constructor(options: HeadlessHostOptions) {
    this.#options = options;
  }

  /** Resolves when it has ended. */
  run(): Promise<void> {
    void this.#look();
    return this.#ended.promise;
  }

  /** Releases its lease; whatever runs lives on. `next`: what is done then, before it ends. */
  leave(why: string, next: () => Promise<void> = async () => undefined): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const { supervisor, log } = this.#options;
    log(`The headless host ends: ${why}.`);
    supervisor
      .release()
      .catch((error: unknown) => log('Its lease could not be released; it ends with this process.', error))
      .then(next)
      .catch((error: unknown) => log('The next host could not be started.', error))
      .finally(() => this.#ended.resolve());
  }

  /** The store is in trouble: the host leaves one that is gone or belongs to a newer version. */
  storeTrouble(error: Error | undefined): void {
    if (!isSupervisorError(error) || error.code !== 'store') return;
    const { kind, message } = error as StoreError;
    if (kind === 'newer' || kind === 'broken' || kind === 'replaced') this.leave(message);
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#lookOnce();
    } catch (error) {
      log('The headless host could not check whether it is still needed. It tries again.', error);
    }
    const pause = this.#idleLooks > 0 ? IDLE_LOOK_EVERY_MS : LOOK_EVERY_MS;
    if (!this.#isLeaving) clock.after(pause, () => void this.#look());
  }

  async #lookOnce(): Promise<void> {
    const { supervisor, config, lookAtProgram, startNext, readAgents, version } = this.#options;
    const program = lookAtProgram();
    if (program === 'gone') return this.leave('Loop Supervisor was uninstalled or updated');
    if (config.refresh()) {
      supervisor.configure(config.settings, config.doubts);
      readAgents();
    }
    if (config.window && isNewer(config.window.version, version))
      return this.leave(`version ${config.window.version} was installed`);
    const background = config.get('background') ?? 'untilIdle';
    // A setting that cannot be read starts nothing without a window.
    const isOff = background !== 'untilIdle' && background !== 'always';
    if (isOff || config.settings.onWindowClose === 'stop') return this.leave('it was turned off');
    // A program is not started while it is still being written.
    if (program === 'replaced' && this.#wasReplaced) return this.leave('Loop Supervisor was updated', startNext);
    this.#wasReplaced = program === 'replaced';
    this.#noteAlone();
    this.#keepAwake();
    this.#idleLooks = background === 'always' || supervisor.goesOn ? 0 : this.#idleLooks + 1;
    if (this.#idleLooks < IDLE_LOOKS) return;
    if (!(await supervisor.releaseIfIdle())) return;
    this.#isLeaving = true;
    this.#options.log('The headless host ends: nothing can start without a person.');
    this.#ended.resolve();
  }

  #keepAwake(): void {
    const { supervisor, config, awake } = this.#options;
    const { hostId } = supervisor;
    const runsHere = supervisor.live(0).some(({ loop }) => isActive(loop) && loop.attempt.windowId === hostId);
    awake.set(runsHere && config.get('keepAwake') !== false);
  }

  #noteAlone(): void {
    const isAlone = this.#options.supervisor.windowCount === 0;
    if (isAlone && !this.#wasAlone) noteAlone(this.#options.storage, this.#options.clock.now());
    this.#wasAlone = isAlone;
  }
}
