import { HostError, type HostProcess } from './hostProcess.ts';

/** The headless host beside the windows, which see to it that there is one as long as there is work (R15.1). */
export class Standby {
  readonly #start: () => HostProcess;
  #host: HostProcess | undefined;
  #isReady = false;

  /** `start`: begins one. */
  constructor(start: () => HostProcess) {
    this.#start = start;
  }

  /** How the host failed, if it has ended by itself in another way than for want of work. */
  get failure(): string | undefined {
    const host = this.#host;
    if (!host || !this.#isReady || host.lives || host.isEnding || host.child.exitCode === 0) return undefined;
    return `the headless host ended by itself: ${host.log.slice(-1_500)}`;
  }

  /** Sees to it that there is one. It may not begin: the disk is full, or the death of the last one is not yet seen. */
  async ensure(): Promise<void> {
    if (this.#host?.lives) return;
    this.#isReady = false;
    this.#host = this.#start();
    try {
      await this.#host.ready();
      this.#isReady = true;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  }

  /** Its end, by SIGKILL. Returns whether there was one. */
  async kill(): Promise<boolean> {
    const wasThere = this.#host?.lives === true;
    await this.#host?.kill();
    return wasThere;
  }
}
