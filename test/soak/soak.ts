import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Containment } from '../../src/core/model/containment.ts';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { audit, violationsNow } from '../chaos/audit.ts';
import { HostError, HostProcess } from '../chaos/hostProcess.ts';
import { ComingToRest, heldNames } from '../support/comingToRest.ts';
import { endMarked, signalSeen } from '../support/markedProcesses.ts';
import type { ListedRun, Weather } from '../support/plainHost.ts';
import { Seeded } from '../support/seeded.ts';
import { Books } from './books.ts';
import { LONGEST_ATTEMPT_NANO, makeWork } from './work.ts';

export interface SoakOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** What must have happened before it ends, on a machine that gets little done in that time. */
  readonly hasHappened?: (counts: Readonly<Record<string, number>>, loops: number) => boolean;
  readonly guardianProgram: string;
  /** How runs are contained; by the strongest means of this machine if absent. */
  readonly containment?: Containment | undefined;
  /** Hears a line a minute. */
  readonly say?: (line: string) => void;
}

/** What came of it: empty `violations` is what is wanted. */
export interface SoakResult {
  readonly violations: readonly string[];
  readonly line: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly loops: number;
  /** 10⁻⁹ USD. */
  readonly ledger: number;
}

const CAP = 3;
const DEPTH = 10;
const WINDOWS = 3;
const LIMIT_NANO = 400_000_000;
const AGENT = fileURLToPath(new URL('agent.mjs', import.meta.url));
const SETTINGS: Partial<Settings> = {
  maxConcurrent: CAP,
  maxQueueDepth: DEPTH,
  // Every kill costs a restart: the window is short, so that the back-off stays short and no loop is given up.
  restart: { maxRestarts: 1_000, windowMs: 1_500, maxTotal: 1_000 },
  circuit: { failureThreshold: 6, cooldownMs: 700, halfOpenMaxProbes: 1 },
  budget: { dailyLimit: LIMIT_NANO, warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
  killGraceMs: 200,
  maxLogBytes: 2 * 2 ** 20,
  firstOutputTimeoutMs: 4_000,
  silenceTimeoutMs: 2_500,
  onSilence: 'restart',
  // All that happened is needed for the audit, however far the clock jumps.
  retention: {
    maxAgeMs: Number.MAX_SAFE_INTEGER,
    maxLogBytes: Number.MAX_SAFE_INTEGER,
    maxLoops: Number.MAX_SAFE_INTEGER,
  },
};
/** A host that has not answered for so long (ms) hangs. */
const ANSWER_MS = 30_000;
/** Once nothing disturbs the loops, one of them must come to its end within this (ms), and then the next. */
const QUIET_MS = 120_000;

/**
 * A stream of loops over several windows while everything goes wrong: hosts, guardians and agents are killed, windows
 * close and open, the database is locked, the disk says that it is full, the clock jumps, the user cancels, kills and
 * pauses, agents flood, fork, hang, crash and lie. The invariants are checked all the time, the books at the end. The
 * same seed makes the same plan; the times are the machine's.
 */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const soak = new Soak(options);
  try {
    return await soak.run();
  } finally {
    await soak.cleanUp();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #random: Seeded;
  readonly #prefix: string;
  readonly #storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-soak-'));
  readonly #inspector = createInspector();
  readonly #violations = new Set<string>();
  readonly #admitted = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #mayBeCancelled = new Set<string>();
  readonly #counts: Record<string, number> = {};
  readonly #disturbances = new Set<Promise<void>>();
  #books!: Books;
  #hosts: HostProcess[] = [];
  #weather: Weather = { clockOffsetMs: 0, diskFull: false };
  #submitted = 0;
  #slowestMs = 0;
  #isLocked = false;
  #isPaused = false;
  /**
   * By how much the days may be past their limits: what ran while the clock jumped, and what agents claimed beyond all
   * estimates.
   */
  #excusedNano = 0;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = new Seeded(options.seed);
    this.#prefix = `soak-${process.pid}-${options.seed}-`;
    mkdirSync(this.#storage, { recursive: true, mode: 0o700 });
  }

  async run(): Promise<SoakResult> {
    for (let window = 0; window < WINDOWS; window++) await this.#open();
    this.#books = new Books(join(this.#storage, 'supervisor.db'));
    const begun = performance.now();
    const goesOn = () =>
      performance.now() - begun < this.#options.durationMs ||
      this.#options.hasHappened?.(this.#counts, this.#admitted.size) === false;
    for (let minute = 1; goesOn() && this.#violations.size === 0; ) {
      await sleep(this.#random.between(30, 250));
      for (let more = this.#random.between(0, 2); more > 0; more--) await this.#submit();
      await this.#disturb();
      this.#look();
      if (performance.now() - begun >= minute * 60_000) this.#options.say?.(`minute ${minute++}: ${this.#line()}`);
    }
    await this.#quiet();
    const books = { storage: this.#storage, prefix: this.#prefix, admitted: this.#admitted, refused: this.#refused };
    const { violations, ledger } = await audit({ ...books, mayBeCancelled: this.#mayBeCancelled });
    for (const violation of violations) this.#violations.add(violation);
    return {
      violations: [...this.#violations],
      line: this.#line(),
      counts: this.#counts,
      loops: this.#admitted.size,
      ledger,
    };
  }

  async cleanUp(): Promise<void> {
    await Promise.allSettled(this.#disturbances);
    for (const host of this.#hosts) await host.kill();
    // Only what carries our marker, each verified by its start time: what a failed run has left.
    endMarked(this.#prefix);
    this.#books?.close();
    rmSync(this.#storage, { recursive: true, force: true, maxRetries: 5 });
  }

  // ── Windows ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #open(): Promise<void> {
    const { guardianProgram, containment } = this.#options;
    const host = new HostProcess({
      storage: this.#storage,
      guardianProgram,
      ...(containment && { containment }),
      settings: SETTINGS,
      agentProgram: AGENT,
      weather: this.#weather,
    });
    this.#hosts = [...this.#hosts.filter((other) => other.lives), host];
    await host.ready();
    // The clock may have jumped while it started.
    await this.#ask(host, { do: 'weather', weather: this.#weather });
  }

  #pickHost(): HostProcess {
    for (const host of this.#hosts) {
      if (!host.lives && !host.isEnding) this.#violations.add(`a host ended by itself: ${host.log.slice(-1_000)}`);
    }
    return this.#random.pick(this.#hosts.filter((host) => host.lives)) as HostProcess;
  }

  /** Asks a host; one that does not answer in time is a violation. */
  async #ask<T>(host: HostProcess, request: Parameters<HostProcess['ask']>[0]): Promise<T> {
    const begun = performance.now();
    const late = new AbortController();
    const answer = host.ask<T>(request);
    const timer = sleep(ANSWER_MS, undefined, { signal: late.signal }).then(
      () => this.#violations.add(`a host did not answer ${request.do} within ${ANSWER_MS / 1_000} s`),
      () => undefined,
    );
    try {
      return await answer;
    } finally {
      late.abort();
      await timer;
      if (request.do === 'status') this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begun);
    }
  }

  /** Like `#ask`; undefined when the host refuses or dies. */
  async #try<T>(request: Parameters<HostProcess['ask']>[0]): Promise<T | undefined> {
    try {
      return await this.#ask<T>(this.#pickHost(), request);
    } catch (error) {
      if (error instanceof HostError) return undefined;
      throw error;
    }
  }

  // ── Work ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async #submit(): Promise<void> {
    const loopId = `${this.#prefix}${this.#submitted++}`;
    const { prompt, estimatedCostUsd, excuseNano, mischief } = makeWork(this.#random);
    for (let tries = 0; tries < 20; tries++) {
      try {
        await this.#ask(this.#pickHost(), { do: 'submit', loopId, prompt, estimatedCostUsd });
        this.#count(mischief);
        this.#excusedNano += excuseNano;
        this.#admitted.add(loopId);
        return;
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        // A host that died before it answered may have taken the loop.
        if (error.code === 'duplicate-loop') {
          this.#excusedNano += excuseNano;
          this.#admitted.add(loopId);
          return;
        }
        if (error.code !== 'gone') {
          // Finished loops may be submitted again, so a refusal says nothing of an earlier try.
          if (tries === 0) this.#refused.add(loopId);
          else if (this.#books.has(loopId)) this.#admitted.add(loopId);
          this.#count(`refused: ${error.code}`);
          return;
        }
        if (this.#books.has(loopId)) {
          this.#excusedNano += excuseNano;
          this.#admitted.add(loopId);
          return;
        }
      }
    }
  }

  // ── Disturbances ─────────────────────────────────────────────────────────────────────────────────────────────

  async #disturb(): Promise<void> {
    const what = this.#random.next();
    if (what < 0.06) await this.#killHost();
    else if (what < 0.22) await this.#killRun();
    else if (what < 0.28) await this.#reload();
    else if (what < 0.34) await this.#stopOne('cancel');
    else if (what < 0.37) await this.#stopOne('kill');
    else if (what < 0.4) this.#meanwhile(() => this.#lock(this.#random.between(100, 4_000)));
    else if (what < 0.42) this.#meanwhile(() => this.#fillDisk(this.#random.between(200, 2_500)));
    else if (what < 0.45)
      await this.#jump(this.#random.pick([-90_000_000, -3_600_000, -30_000, 30_000, 3_600_000, 90_000_000]) as number);
    else if (what < 0.47) await this.#pauseOrResume();
    // A host must answer whatever goes on.
    await this.#try<Status>({ do: 'status' });
    if (this.#isPaused && this.#random.chance(0.2)) await this.#pauseOrResume();
    if (this.#books.waitsForBudget(LIMIT_NANO, this.#today(), LONGEST_ATTEMPT_NANO))
      await this.#jump(this.#untilTomorrow());
  }

  async #killHost(): Promise<void> {
    await this.#pickHost().kill();
    this.#count('hosts killed');
    await this.#open();
  }

  async #reload(): Promise<void> {
    const host = this.#pickHost();
    if (this.#random.chance(0.5)) {
      await host.release();
      await this.#open();
    } else await Promise.all([host.release(), this.#open()]);
    this.#count('reloads');
  }

  async #killRun(): Promise<void> {
    const runs = await this.#try<ListedRun[]>({ do: 'list' });
    const run = runs && this.#random.pick(runs);
    const roles = this.#random.pick([['guardian'], ['agent'], ['guardian', 'agent']]) as ('guardian' | 'agent')[];
    for (const role of run ? roles : []) {
      const victim = role === 'guardian' ? run?.guardian : run?.leader;
      if (!victim || this.#inspector.look(victim).state !== 'there') continue;
      if (signalSeen(victim.pid, 'SIGKILL')) this.#count(`${role}s killed`);
    }
  }

  async #stopOne(how: 'cancel' | 'kill'): Promise<void> {
    const loopId = this.#random.pick([...this.#admitted].slice(-12));
    if (loopId === undefined) return;
    this.#mayBeCancelled.add(loopId);
    if (await this.#try<boolean>({ do: how, loopId })) this.#count(how === 'cancel' ? 'cancelled' : 'groups killed');
  }

  /** Another program holds the database. */
  async #lock(ms: number): Promise<void> {
    if (this.#isLocked) return;
    this.#isLocked = true;
    const unlock = this.#books.lock();
    if (unlock) {
      await sleep(ms);
      unlock();
      this.#count('locks');
    }
    this.#isLocked = false;
  }

  /** What the hosts are told of their disk; once all have heard it, none starts an attempt. */
  async #fillDisk(ms: number): Promise<void> {
    if (this.#weather.diskFull) return;
    await this.#setWeather({ ...this.#weather, diskFull: true });
    const hosts = [...this.#hosts];
    const before = this.#books.attempts();
    await sleep(ms);
    const after = this.#books.attempts();
    const isSame = hosts.length === this.#hosts.length && hosts.every((host, index) => host === this.#hosts[index]);
    if (isSame && after > before) this.#violations.add(`${after - before} attempts were started on a full disk`);
    await this.#setWeather({ ...this.#weather, diskFull: false });
    this.#count('full disks');
  }

  async #jump(ms: number): Promise<void> {
    this.#excusedNano += CAP * LONGEST_ATTEMPT_NANO;
    await this.#setWeather({ ...this.#weather, clockOffsetMs: this.#weather.clockOffsetMs + ms });
    this.#count(ms > 0 ? 'clock jumps ahead' : 'clock jumps back');
  }

  async #pauseOrResume(): Promise<void> {
    const done = await this.#try({ do: this.#isPaused ? 'resume' : 'pause' });
    // A host that died may have done it or not: resume is asked for until it is answered.
    this.#isPaused = !this.#isPaused || done === undefined;
    this.#count('pauses');
  }

  async #setWeather(weather: Weather): Promise<void> {
    this.#weather = weather;
    await Promise.allSettled(
      this.#hosts.filter((host) => host.lives).map((host) => this.#ask(host, { do: 'weather', weather })),
    );
  }

  #meanwhile(disturb: () => Promise<void>): void {
    const disturbance = disturb().catch(
      (error: unknown) => void this.#violations.add(`the soak itself failed: ${String(error)}`),
    );
    this.#disturbances.add(disturbance);
    void disturbance.finally(() => this.#disturbances.delete(disturbance));
  }

  // ── Invariants ───────────────────────────────────────────────────────────────────────────────────────────────

  /** What must hold at every moment. */
  #look(): void {
    for (const violation of violationsNow(this.#prefix, CAP)) this.#violations.add(violation);
    for (const violation of this.#books.violationsNow({
      cap: CAP,
      depth: DEPTH,
      limit: LIMIT_NANO,
      excused: this.#excusedNano,
    })) {
      this.#violations.add(violation);
    }
  }

  /** Nothing disturbs any more: all must come to its end. */
  async #quiet(): Promise<void> {
    await Promise.allSettled(this.#disturbances);
    const rest = new ComingToRest(QUIET_MS);
    for (;;) {
      this.#look();
      if (this.#isPaused) await this.#pauseOrResume();
      const status = await this.#try<Status>({ do: 'status' });
      if (status && this.#books.live() === 0) return;
      for (const account of status ? heldNames(status) : []) await this.#try({ do: 'tryNow', account });
      if (this.#books.waitsForBudget(LIMIT_NANO, this.#today(), LONGEST_ATTEMPT_NANO))
        await this.#jump(this.#untilTomorrow());
      if (rest.standsStill(this.#books.live())) {
        const logs = this.#hosts.map((host) => host.log.slice(-1_000)).join('\n');
        this.#violations.add(
          `${this.#books.live()} loops are left, and none has ended for ${QUIET_MS / 1_000} s: ${JSON.stringify(status)?.slice(0, 1_500)}; ${logs}`,
        );
        return;
      }
      await sleep(100);
    }
  }

  #today(): string {
    return systemClock.day(Date.now() + this.#weather.clockOffsetMs);
  }

  #untilTomorrow(): number {
    const now = Date.now() + this.#weather.clockOffsetMs;
    return systemClock.nextDay(now) - now + 1_000;
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  #line(): string {
    const counts = Object.entries(this.#counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${what} ${count}`)
      .join(', ');
    const { loops, attempts, spentUsd } = this.#books.totals();
    return `${loops} loops, ${attempts} attempts, $${spentUsd.toFixed(2)}, slowest status ${Math.round(this.#slowestMs)} ms, ${this.#violations.size} violations; ${counts}`;
  }
}
