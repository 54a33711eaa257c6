import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../src/core/model/settings.ts';
import { type MarkedProcess, markedProcesses } from '../support/markedProcesses.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { Cable } from '../support/postgres/cable.ts';
import type { Cluster } from '../support/postgres/cluster.ts';
import { HostError, HostProcess } from './hostProcess.ts';

export interface MachineOptions {
  readonly cluster: Cluster;
  /** The address of the store, as on the server itself. */
  readonly address: string;
  readonly guardianProgram: string;
  readonly settings: Partial<Settings>;
  readonly beatMs: number;
}

/** A machine with a folder, a host and a cable of its own; its processes are those of this system. */
export class TestMachine {
  readonly storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-machine-'));
  readonly cable: Cable;
  readonly #options: MachineOptions;
  #host: HostProcess | undefined;
  /** Its processes stand still, as in suspend. */
  isAsleep = false;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.cable = new Cable(options.cluster.folder);
  }

  /** Whether its host can be asked: it reaches the store. */
  get answers(): boolean {
    return !this.isAsleep && !this.cable.isCut && this.#host?.lives === true;
  }

  get host(): HostProcess {
    if (!this.#host) throw new Error('The machine has no host.');
    return this.#host;
  }

  /** Starts a host, or another one. It may take a while where the store is out of reach. */
  async open(): Promise<void> {
    const { cluster, address, guardianProgram, settings, beatMs } = this.#options;
    const through = address.replace(encodeURIComponent(cluster.folder), encodeURIComponent(this.cable.folder));
    const { storage } = this;
    for (;;) {
      this.#host = new HostProcess({ storage, guardianProgram, settings, beatMs, sharedStore: through });
      try {
        await this.#host.ready();
        return;
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        await sleep(200);
      }
    }
  }

  async kill(): Promise<void> {
    await this.#host?.kill();
  }

  /** Runs that its host follows; none where it cannot be asked. */
  async runs(): Promise<readonly ListedRun[]> {
    if (!this.answers) return [];
    try {
      return await this.host.ask<ListedRun[]>({ do: 'list' });
    } catch (error) {
      if (error instanceof HostError) return [];
      throw error;
    }
  }

  /** Living processes of its runs, apart from their guardians. */
  processes(prefix: string): MarkedProcess[] {
    return markedProcesses(prefix).filter(({ pid }) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === this.storage;
      } catch {
        return false;
      }
    });
  }

  /** Pids of its guardians: they have a run folder for an argument. */
  guardians(): number[] {
    const runs = join(this.storage, 'runs', '/');
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && commandOf(name).some((part) => part.startsWith(runs)))
      .map(Number);
  }

  async dispose(): Promise<void> {
    await this.kill();
    this.cable.dispose();
    rmSync(this.storage, { recursive: true, force: true, maxRetries: 5 });
  }
}

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
