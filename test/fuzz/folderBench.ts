import { GONE, there } from '../../src/core/model/looks.ts';
import type { AgentLauncher } from '../../src/core/ports/launcher.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { Follower } from '../../src/process/follow/follower.ts';
import { Messenger } from '../../src/process/follow/messenger.ts';
import { Pump } from '../../src/process/follow/pump.ts';
import { runFiles } from '../../src/process/runFolder/runFiles.ts';
import type { ProcessTable } from '../../src/process/tables/processTable.ts';
import { IDLE_RUN, memorySupervisor, NO_PROCESSES } from './memorySupervisor.ts';
import { fuzzCatalog } from './streams.ts';

/** A machine without processes: what a run folder says must not lead to a signal for somebody. */
const EMPTY: ProcessTable = {
  scope: { bootId: 'boot' },
  list: async () => there([]),
  find: async () => GONE,
  look: async () => ({ there: [], unknown: [] }),
  signal: async () => [],
  signalGroup: async () => false,
  args: () => there([]),
  executable: () => GONE,
  environment: () => GONE,
  outputs: () => there([]),
};
const LOOPS_EACH = 500;
/** What takes so long (ms) hangs, however busy the machine. */
const HANGS_MS = 10_000;

/** A supervisor whose every attempt is a run folder that somebody has filled, without a guardian. */
export class FolderBench {
  readonly #folder: string;
  readonly #launcher: AgentLauncher;
  #fill: (token: string) => void = () => {};
  #store: Store | undefined;
  #supervisor: Supervisor | undefined;
  #loops = 0;
  #ends = 0;
  #isFilled = false;

  constructor(folder: string) {
    this.#folder = folder;
    const log = () => {};
    const services = {
      ...{
        clock: systemClock,
        table: EMPTY,
        log,
        messenger: new Messenger(EMPTY, systemClock, log),
        pump: new Pump(log),
        sweepTime: { now: () => 0, sleep: async () => undefined },
      },
      inspector: { self: { pid: process.pid, startTime: '0', bootId: 'boot' }, look: () => GONE },
    };
    this.#launcher = {
      ...NO_PROCESSES,
      launch: (request, observer) => {
        // An attempt that was only interrupted is followed by another: that one does nothing.
        if (this.#isFilled) return IDLE_RUN;
        this.#isFilled = true;
        this.#fill(request.token);
        const files = runFiles(this.#folder, request.token);
        const counting = {
          ...bound(observer),
          ended: (end: Parameters<typeof observer.ended>[0]) => {
            this.#ends++;
            observer.ended(end);
          },
        };
        const options = {
          ...request,
          files,
          readOffset: 0,
          leader: undefined,
          guardian: undefined,
          graceMs: 0,
          keep: [],
        };
        const follower = new Follower(options, services, counting, () => {});
        void follower.adopt(true);
        return { ...IDLE_RUN, release: () => follower.release() };
      },
    };
  }

  /** Adopts a run whose folder `fill` has made; answers what went wrong, or undefined. */
  async adopt(fill: (token: string) => void): Promise<string | undefined> {
    const supervisor = await this.#ready();
    this.#fill = fill;
    this.#ends = 0;
    this.#isFilled = false;
    const loopId = `loop${++this.#loops}`;
    await supervisor.submit({
      loopId,
      prompt: 'work',
      agent: this.#loops % 2 === 0 ? 'claude' : 'words',
      estimatedCostUsd: 0,
    });
    const deadline = performance.now() + HANGS_MS;
    while ((await supervisor.get(loopId))?.attempts[0]?.endedAt === undefined) {
      if (performance.now() > deadline)
        return `the run was told ended ${this.#ends} times, and its attempt is not settled`;
      await new Promise(setImmediate);
    }
    const detail = await supervisor.get(loopId);
    if (this.#ends !== 1) return `the run was told ended ${this.#ends} times: ${JSON.stringify(detail?.attempts)}`;
    if (!detail?.attempts[0]?.reason?.trim()) return 'the attempt ended without a reason';
    // One that goes on would keep the next from its start.
    if (detail.state !== 'completed' && detail.state !== 'failed' && detail.state !== 'cancelled') await this.close();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#supervisor?.release();
    this.#store?.close();
    this.#supervisor = undefined;
    this.#loops = 0;
  }

  async #ready(): Promise<Supervisor> {
    if (this.#supervisor && this.#loops < LOOPS_EACH) return this.#supervisor;
    await this.close();
    const { store, supervisor } = memorySupervisor(this.#launcher, fuzzCatalog(), () => {});
    this.#store = store;
    this.#supervisor = supervisor;
    await supervisor.start();
    return supervisor;
  }
}

type Observer = Parameters<AgentLauncher['launch']>[1];

function bound(observer: Observer): Observer {
  return {
    started: (facts) => observer.started(facts),
    output: (output) => observer.output(output),
    silent: (warning) => observer.silent(warning),
    unseen: (why) => observer.unseen(why),
    asking: (questions) => observer.asking(questions),
    lines: (lines) => observer.lines(lines),
    ended: (end) => observer.ended(end),
  };
}
