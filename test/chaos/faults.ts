import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import type { ProcessInspector } from '../../src/core/ports/launcher.ts';
import { exhaust } from '../support/descriptors.ts';
import { signalSeen } from '../support/markedProcesses.ts';
import type { ListedRun } from '../support/plainHost.ts';
import type { Seeded } from '../support/seeded.ts';
import type { SmallDisk } from '../support/smallDisk.ts';
import type { HostProcess } from './hostProcess.ts';

/** The kinds of faults, and how often each comes beside the others. */
export const FAULTS = {
  killHost: 3,
  reloadHost: 1,
  killGuardian: 3,
  killAgent: 3,
  killBoth: 2,
  exhaustHost: 1,
  exhaustGuardian: 2,
  stopGuardian: 2,
  stopHost: 1,
  removeRunFolder: 2,
  moveRunFolder: 1,
  removeWindows: 1,
  moveWindows: 1,
  fillDisk: 1,
  jumpClock: 1,
  signalGuardian: 2,
  signalAgent: 1,
  removeWorkTree: 1,
} as const;
/** Those besides, where there is a headless host: it is killed, or left alone by all windows for a while. */
const OF_HEADLESS = { killHeadless: 3, leaveAlone: 1 } as const;
export type Fault = keyof typeof FAULTS | keyof typeof OF_HEADLESS;

/** Signals that nobody ordered. */
const FOREIGN = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPIPE'] as const;
const HOUR = 3_600_000;

export interface FaultOptions {
  readonly storage: string;
  readonly random: Seeded;
  readonly inspector: ProcessInspector;
  /** Where the storage lies: it can be filled where it is a disk of its own. */
  readonly disk: SmallDisk;
  readonly host: () => HostProcess;
  readonly runs: () => Promise<readonly ListedRun[]>;
  readonly reopen: () => Promise<void>;
  /** What is done to the headless host, where there is one. Each resolves with whether it could be done. */
  readonly headless?: Readonly<Record<keyof typeof OF_HEADLESS, () => Promise<boolean>>>;
  /** The work tree of a running loop was removed: it may just have ended. */
  readonly treeRemoved: (loopId: string) => void;
  /** The run's folder was taken away: what it reports from then on may be lost. */
  readonly vandalised: (token: string) => void;
}

/** Does one fault at a time to windows, the headless host, guardians, agents, folders, disk and clock. */
export class Faults {
  readonly #options: FaultOptions;
  readonly #deck: Fault[];

  constructor(options: FaultOptions) {
    this.#options = options;
    const faults = { ...FAULTS, ...(options.headless && OF_HEADLESS) };
    this.#deck = Object.entries(faults).flatMap(([fault, times]) => Array<Fault>(times).fill(fault as Fault));
  }

  /** Returns which fault was done; undefined when there was nothing to do it to. */
  async strike(): Promise<Fault | undefined> {
    const fault = this.#options.random.pick(this.#deck) as Fault;
    return (await this.#do(fault)) ? fault : undefined;
  }

  async #do(fault: Fault): Promise<boolean> {
    const { random, host } = this.#options;
    switch (fault) {
      case 'killHost':
        await host().kill();
        await this.#options.reopen();
        return true;
      case 'reloadHost':
        await host().release();
        await this.#options.reopen();
        return true;
      case 'killHeadless':
      case 'leaveAlone':
        return (await this.#options.headless?.[fault]()) ?? false;
      case 'killGuardian':
        return this.#signal('guardian', 'SIGKILL');
      case 'killAgent':
        return this.#signal('leader', 'SIGKILL');
      case 'killBoth':
        return this.#signalBoth();
      case 'exhaustHost':
        return this.#exhaust(host().child.pid as number, random.between(200, 1_500));
      case 'exhaustGuardian':
        return this.#exhaustGuardian();
      case 'stopGuardian':
        return this.#signal('guardian', 'SIGSTOP');
      case 'stopHost':
        return this.#stopHost(random.between(100, 1_500));
      case 'removeRunFolder':
      case 'moveRunFolder':
        return this.#takeRunFolder(fault === 'moveRunFolder');
      case 'removeWindows':
        rmSync(this.#windows, { recursive: true, force: true });
        return true;
      case 'moveWindows':
        return this.#moveWindows(random.between(100, 1_500));
      case 'fillDisk':
        return this.#fillDisk(random.between(200, 1_500));
      case 'jumpClock':
        return this.#jumpClock(random.pick([-26 * HOUR, -HOUR, -60_000, 60_000, HOUR, 26 * HOUR]) as number);
      case 'signalGuardian':
        return this.#signal('guardian', random.pick(FOREIGN) as NodeJS.Signals);
      case 'signalAgent':
        return this.#signal('leader', random.pick(FOREIGN) as NodeJS.Signals);
      case 'removeWorkTree':
        return this.#removeWorkTree();
    }
  }

  get #windows(): string {
    return join(this.#options.storage, 'windows');
  }

  async #run(): Promise<ListedRun | undefined> {
    return this.#options.random.pick(await this.#options.runs());
  }

  #send(process: ProcessIdentity | undefined, signal: NodeJS.Signals): boolean {
    if (!process || this.#options.inspector.look(process).state !== 'there') return false;
    return signalSeen(process.pid, signal);
  }

  async #signal(role: 'guardian' | 'leader', signal: NodeJS.Signals): Promise<boolean> {
    return this.#send((await this.#run())?.[role], signal);
  }

  async #signalBoth(): Promise<boolean> {
    const run = await this.#run();
    const sent = [run?.guardian, run?.leader].map((process) => this.#send(process, 'SIGKILL'));
    return sent.includes(true);
  }

  /** Lets a process open nothing more for a while. */
  async #exhaust(pid: number, ms: number): Promise<boolean> {
    const restore = exhaust(pid);
    await sleep(ms);
    restore();
    return true;
  }

  async #exhaustGuardian(): Promise<boolean> {
    const guardian = (await this.#run())?.guardian;
    if (!guardian || this.#options.inspector.look(guardian).state !== 'there') return false;
    try {
      return await this.#exhaust(guardian.pid, this.#options.random.between(200, 1_500));
    } catch {
      // It ended while we looked.
      return false;
    }
  }

  async #stopHost(ms: number): Promise<boolean> {
    const { child } = this.#options.host();
    child.kill('SIGSTOP');
    await sleep(ms);
    return child.kill('SIGCONT');
  }

  async #takeRunFolder(moved: boolean): Promise<boolean> {
    const run = await this.#run();
    if (!run) return false;
    const folder = join(this.#options.storage, 'runs', run.token);
    this.#options.vandalised(run.token);
    try {
      if (moved) renameSync(folder, `${folder}.moved`);
      else rmSync(folder, { recursive: true });
      return true;
    } catch {
      // It was being written to, or is gone already.
      return false;
    }
  }

  async #removeWorkTree(): Promise<boolean> {
    const run = this.#options.random.pick((await this.#options.runs()).filter(({ workTree }) => workTree));
    if (run?.workTree === undefined) return false;
    this.#options.treeRemoved(run.loopId);
    try {
      rmSync(run.workTree, { recursive: true, force: true });
    } catch {
      // It is being written to: a part of it is gone.
    }
    return true;
  }

  async #moveWindows(ms: number): Promise<boolean> {
    const aside = `${this.#windows}.moved`;
    try {
      renameSync(this.#windows, aside);
      await sleep(ms);
      // A host may have made it again meanwhile.
      rmSync(this.#windows, { recursive: true, force: true });
      renameSync(aside, this.#windows);
      return true;
    } catch {
      rmSync(aside, { recursive: true, force: true });
      return false;
    }
  }

  async #fillDisk(ms: number): Promise<boolean> {
    const { disk } = this.#options;
    if (!disk.isOwn) return false;
    disk.fill();
    await sleep(ms);
    disk.free();
    return true;
  }

  async #jumpClock(ms: number): Promise<boolean> {
    const host = this.#options.host();
    await host.ask({ do: 'weather', weather: { clockOffsetMs: ms, diskFull: false } });
    await sleep(this.#options.random.between(100, 1_500));
    if (host.lives) await host.ask({ do: 'weather', weather: { clockOffsetMs: 0, diskFull: false } });
    return true;
  }
}
