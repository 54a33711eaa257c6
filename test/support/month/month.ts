import { SupervisorError } from '../../../src/core/model/errors.ts';
import type { TroubleOwner } from '../../../src/core/model/gate.ts';
import { GONE, there } from '../../../src/core/model/looks.ts';
import type { Loop } from '../../../src/core/model/loop.ts';
import { needsUser } from '../../../src/core/model/loop.ts';
import { DEFAULT_SETTINGS, type Doubt, type Settings } from '../../../src/core/model/settings.ts';
import type { Supervisor } from '../../../src/core/supervisor.ts';
import { FakeClock } from '../fakeClock.ts';
import { fakeCatalog, harness } from '../harness.ts';
import { Seeded } from '../seeded.ts';
import { MoneyWatch } from './moneyWatch.ts';
import { Troubles } from './troubles.ts';
import { DEAREST_TURN, type Nature, PROFILES, Workers } from './workers.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Between two looks of the user, and of those that submit. */
const STEP_MS = 15 * MINUTE;
const DAYS = 30;
/** In its last days nothing new comes and nothing breaks. */
const CALM_DAYS = 4;
const FOLDERS = ['/a', '/b'];
/** Clock changes: on which day, by how much (ms). One is wrong for an hour. */
const CLOCK_CHANGES: readonly [day: number, hour: number, ms: number][] = [
  [6, 2, HOUR],
  [12, 11, 3 * DAY],
  [12, 12, -3 * DAY],
  [17, 15, -20 * MINUTE],
  [22, 3, -HOUR],
];
const NATURES: readonly [Nature, number][] = [
  ['good', 0.86],
  ['flaky', 0.06],
  ['doomed', 0.03],
  ['slowlyDoomed', 0.01],
  ['asks', 0.02],
  ['dear', 0.02],
];

export interface MonthOptions {
  readonly seed: number;
  /** Loops that are submitted in all. */
  readonly loops: number;
}

/** What became of a month. */
export interface Month {
  /** What broke a rule. */
  readonly wrong: readonly string[];
  /** Loops by their nature and state, such as `good completed`. */
  readonly ends: ReadonlyMap<string, number>;
  readonly starts: number;
  /** Attempts by outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Attempts that did not end well, by whose trouble it was. */
  readonly owners: ReadonlyMap<string, number>;
  /** How often something was held, by the reason. */
  readonly holds: ReadonlyMap<string, number>;
  /** Grants and top-ups. */
  readonly grants: number;
  /** USD. */
  readonly money: {
    readonly reported: number;
    readonly estimated: number;
    readonly unknown: number;
    /** The most that a day passed its limit by. */
    readonly overshoot: number;
  };
}

/**
 * A month of two windows with five agents: outages, logouts, usage limits, unpaid bills, missing programs, a full disk,
 * folders that go, clock changes, nights and weekends without a window, crashes, and settings typed wrongly. Time is
 * fake, and the same seed plays the same month.
 */
export async function playMonth({ seed, loops }: MonthOptions): Promise<Month> {
  const month = new Player(seed, loops);
  try {
    await month.play();
    return await month.result();
  } finally {
    month.dispose();
  }
}

class Player {
  readonly #clock = new FakeClock(Date.UTC(2026, 2, 1), 2 * MINUTE);
  readonly #machine = harness(this.#clock);
  readonly #random: Seeded;
  readonly #troubles: Troubles;
  readonly #workers: Workers;
  readonly #watch: MoneyWatch;
  readonly #loops: number;
  readonly #waiting: { readonly loopId: string; readonly nature: Nature }[] = [];
  readonly #wrong: string[] = [];
  /** The highest limit of each day, 10⁻⁹ USD. */
  readonly #limits = new Map<string, number>();
  #windows: Supervisor[] = [];
  #made = 0;
  #closesAt = 0;
  #opensAt = 0;
  /** The limit of a day that windows have read last, 10⁻⁹ USD: one that was typed while none was open is not known. */
  #limitRead = 0;
  #settings: Settings = {
    ...DEFAULT_SETTINGS,
    maxConcurrent: 6,
    maxQueueDepth: 200,
    restart: { ...DEFAULT_SETTINGS.restart, windowMs: HOUR / 2 },
    budget: { dailyLimit: 60e9, warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    retention: { ...DEFAULT_SETTINGS.retention, maxAgeMs: 90 * DAY },
  };
  #written = '';

  constructor(seed: number, loops: number) {
    this.#loops = loops;
    this.#random = new Seeded(seed);
    const accounts = [...new Set(PROFILES.map(({ name, account }) => account ?? name))].filter(
      (name) => name !== 'make',
    );
    const sufferers = {
      accounts,
      profiles: PROFILES.map(({ name }) => name),
      folders: FOLDERS,
      settings: ['maxConcurrent', 'budget.dailyLimitUsd', 'circuitBreaker.failureThreshold'],
    };
    this.#troubles = new Troubles(this.#random, sufferers, (DAYS - CALM_DAYS) * DAY);
    this.#workers = new Workers(this.#clock, this.#troubles, this.#random);
    this.#watch = new MoneyWatch(
      () => this.#clock.day(this.#clock.now()),
      () => this.#limitRead,
    );
    const { launcher } = this.#machine;
    launcher.onLaunch = (run) => this.#workers.begin(run);
    launcher.onStop = (run, by) => setImmediate(() => run.end({ exit: { signal: 'SIGTERM' }, stoppedBy: by }));
  }

  async play(): Promise<void> {
    await this.#days(DAYS);
    // The last windows may have closed on a queue.
    for (let more = 0; more < CALM_DAYS && (await this.#unfinished()).length > 0; more++) await this.#days(1);
  }

  async #days(count: number): Promise<void> {
    for (let step = 0; step < (count * DAY) / STEP_MS; step++) {
      await this.#step();
      await this.#clock.advance(STEP_MS);
    }
  }

  /** What is wrong with loops that have not come to where their nature leads. */
  async #unfinished(): Promise<string[]> {
    const books = this.#machine.books();
    const wrong: string[] = [];
    for (const [loopId, { nature }] of this.#workers.work) {
      const loop = await books.latest(loopId);
      if (!loop) wrong.push(`${loopId} is gone`);
      else if (!isDone(loop, nature)) wrong.push(`${nature} loop ${loopId} of ${loop.agent} is ${stateOf(loop)}`);
    }
    return wrong;
  }

  dispose(): void {
    this.#machine.dispose();
  }

  async #step(): Promise<void> {
    const now = this.#clock.elapsed;
    const [day, hour] = [Math.floor(now / DAY), Math.floor((now % DAY) / HOUR)];
    for (const [onDay, atHour, ms] of CLOCK_CHANGES)
      if (onDay === day && atHour === hour && now % HOUR === 0) this.#clock.jump(ms);
    this.#machine.launcher.free = this.#troubles.at(now, 'disk') ? 0 : Number.POSITIVE_INFINITY;
    await this.#comeAndGo(now);
    if (now % DAY === 0) this.#changeLimit(day);
    this.#applySettings(now);
    const today = this.#clock.day(this.#clock.now());
    const limit = this.#settings.budget.dailyLimit || Number.POSITIVE_INFINITY;
    this.#limits.set(today, Math.max(this.#limits.get(today) ?? 0, limit));
    this.#think(now);
    const [window] = this.#windows;
    if (!window) return;
    await this.#submit();
    if (now % HOUR === 0) await this.#act(window);
  }

  /** Windows are open by day; weekends are free more often than not; now and then one crashes. */
  async #comeAndGo(now: number): Promise<void> {
    const isCalm = now >= (DAYS - CALM_DAYS) * DAY;
    if (this.#windows.length > 0 && now >= this.#closesAt) {
      for (const window of this.#windows.splice(0)) {
        if (this.#random.chance(0.8)) await window.release();
        this.#machine.kill(window);
      }
      const morning = (Math.floor(now / DAY) + 1) * DAY + this.#random.between(7, 9) * HOUR;
      const isFriday = Math.floor(now / DAY) % 7 === 4;
      this.#opensAt = morning + (isFriday && !isCalm && this.#random.chance(0.7) ? 2 * DAY : 0);
    }
    if (this.#windows.length === 0 && now >= this.#opensAt) {
      this.#closesAt = Math.floor(now / DAY) * DAY + this.#random.between(18, 23) * HOUR;
      const folders = isCalm || this.#random.chance(0.2) ? FOLDERS : [this.#random.pick(FOLDERS) as string];
      for (const folder of folders) this.#windows.push(await this.#open(folder));
    }
    if (this.#windows.length > 0 && this.#random.chance(0.004)) {
      const [crashed] = this.#windows.splice(0, 1);
      if (crashed) this.#machine.kill(crashed);
      this.#windows.push(await this.#open(this.#random.pick(FOLDERS) as string));
    }
  }

  #open(folder: string): Promise<Supervisor> {
    const { settings, doubts } = this.#read(this.#clock.elapsed);
    this.#noteLimit(doubts);
    return this.#machine.open(settings, {
      folders: [folder],
      agents: fakeCatalog(...PROFILES),
      doubts,
      look: (path) => (this.#troubles.at(this.#clock.elapsed, 'folder', path) ? GONE : there(undefined)),
      store: (store) => this.#watch.wrap(store),
    });
  }

  #changeLimit(day: number): void {
    // Some days are poor; the last ones are rich, so that all that can be done gets done.
    const usd = day >= DAYS - CALM_DAYS ? 200 : (this.#random.pick([25, 60, 60, 90, 0]) ?? 60);
    const onExceeded = this.#random.chance(0.5) ? 'finish' : 'stop';
    if (this.#troubles.of(this.#clock.elapsed, 'mistyped').length > 0) return;
    this.#settings = { ...this.#settings, budget: { ...this.#settings.budget, dailyLimit: usd * 1e9, onExceeded } };
  }

  #applySettings(now: number): void {
    const { settings, doubts } = this.#read(now);
    const written = JSON.stringify([settings, doubts]);
    if (written === this.#written) return;
    this.#written = written;
    if (this.#windows.length > 0) this.#noteLimit(doubts);
    for (const window of this.#windows) window.configure(settings, doubts);
  }

  #noteLimit(doubts: { readonly [setting: string]: Doubt }): void {
    if (!('budget.dailyLimitUsd' in doubts)) this.#limitRead = this.#settings.budget.dailyLimit;
  }

  /** What is typed wrongly would let everything through. */
  #read(now: number): { readonly settings: Settings; readonly doubts: { [setting: string]: Doubt } } {
    const wrong = this.#troubles.of(now, 'mistyped');
    const doubts: { [setting: string]: Doubt } = {};
    for (const setting of wrong) doubts[setting] = { kind: 'unreadable', why: `${setting} is no number` };
    const { budget, circuit } = this.#settings;
    return {
      doubts,
      settings: {
        ...this.#settings,
        ...(wrong.includes('maxConcurrent') && { maxConcurrent: 64 }),
        ...(wrong.includes('budget.dailyLimitUsd') && { budget: { ...budget, dailyLimit: 0 } }),
        ...(wrong.includes('circuitBreaker.failureThreshold') && { circuit: { ...circuit, failureThreshold: 1_000 } }),
      },
    };
  }

  /** New work comes to somebody's mind, evenly over the month. */
  #think(now: number): void {
    const due = Math.ceil((this.#loops * (now + STEP_MS)) / ((DAYS - CALM_DAYS) * DAY));
    while (this.#made < Math.min(due, this.#loops)) {
      this.#waiting.push({ loopId: `l${this.#made}`, nature: this.#nature() });
      this.#made++;
    }
  }

  #nature(): Nature {
    let left = this.#random.next();
    for (const [nature, share] of NATURES) {
      left -= share;
      if (left < 0) return nature;
    }
    return 'good';
  }

  /** What is refused is submitted again at the next look. */
  async #submit(): Promise<void> {
    for (const { loopId, nature } of this.#waiting.splice(0)) {
      const window = this.#random.pick(this.#windows);
      const profile = this.#random.pick(PROFILES.filter(({ spending }) => nature !== 'dear' || spending === 'live'));
      const turnCost = this.#random.between(DEAREST_TURN / 10, DEAREST_TURN);
      const turns = nature === 'dear' ? 12 : this.#random.between(1, 8);
      try {
        this.#workers.work.set(loopId, { nature, turns, turnCost, attempts: 0 });
        await window?.submit({
          prompt: `do ${loopId}`,
          loopId,
          agent: profile?.name ?? '',
          priority: this.#random.between(0, 2),
          ...(this.#random.chance(0.3) && { estimatedCostUsd: this.#random.between(0, 100) / 100 }),
          ...(nature === 'dear' && { maxCostUsd: (4 * turnCost) / 1e9 }),
          whenBlocked: this.#random.chance(0.8) ? 'queue' : 'reject',
        });
      } catch (error) {
        if (!(error instanceof SupervisorError)) this.#wrong.push(`${loopId} was refused: ${String(error)}`);
        this.#waiting.push({ loopId, nature });
      }
    }
  }

  /** Once in a while the user looks: starts what was held for an absence, and tries what is held. */
  async #act(window: Supervisor): Promise<void> {
    const { holds, budget, concurrencyUsed } = window.status(0);
    if (concurrencyUsed > this.#settings.maxConcurrent) this.#wrong.push(`R3.1 ${concurrencyUsed} loops run`);
    if (holds.some(({ reason }) => reason === 'absence')) await window.startStale();
    if (!(budget.spent >= 0 && budget.unknown >= 0)) this.#wrong.push(`R6.2 a spend of ${budget.spent} is shown`);
    const [held] = holds;
    if (held && 'name' in held.of && this.#random.chance(0.1)) await window.tryNow(held.of.name);
  }

  async result(): Promise<Month> {
    const books = this.#machine.books();
    const ends: Counts = new Map();
    const outcomes: Counts = new Map();
    const owners: Counts = new Map();
    const holds: Counts = new Map();
    let starts = 0;
    for (const [loopId, { nature }] of this.#workers.work) {
      const loop = await books.latest(loopId);
      if (!loop) continue;
      starts += loop.attempts;
      add(ends, `${nature} ${loop.state}`);
      for (const { end } of await books.attempts(loop.seq)) {
        add(outcomes, end?.outcome ?? 'runs');
        if (end && end.outcome !== 'ok') add(owners, ownerOf(end.reason));
      }
    }
    for (const event of this.#machine.events) {
      if (event.type === 'hold:change' && event.state === 'held') add(holds, event.reason);
      if (event.type === 'circuit:trip') add(holds, 'circuit breaker');
    }
    for (const { loopId } of this.#waiting) this.#wrong.push(`${loopId} was never taken`);
    const money = { reported: 0, estimated: 0, unknown: 0, overshoot: 0 };
    const days = new Map<string, number>();
    for (const { day, cost, estimated, unknown } of await books.spend('')) {
      money.reported += (cost - estimated) / 1e9;
      money.estimated += (estimated - unknown) / 1e9;
      money.unknown += unknown / 1e9;
      days.set(day, (days.get(day) ?? 0) + cost);
    }
    for (const [day, cost] of days) {
      const limit = this.#limits.get(day) ?? Number.POSITIVE_INFINITY;
      money.overshoot = Math.max(money.overshoot, (cost - limit) / 1e9);
    }
    const wrong = [...this.#wrong, ...(await this.#unfinished()), ...this.#watch.complaints];
    return { wrong, ends, starts, outcomes, owners, holds, grants: this.#watch.grants, money };
  }
}

type Counts = Map<string, number>;

function add(counts: Counts, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** Whether a loop has come to where its nature leads, whatever was in its way. */
function isDone(loop: Loop, nature: Nature): boolean {
  if (nature === 'good' || nature === 'flaky') return loop.state === 'completed';
  if (nature === 'asks') return needsUser(loop) && loop.need === 'answer';
  // By night nobody watches it.
  if (nature === 'dear') return loop.state === 'completed' || (needsUser(loop) && loop.need === 'allowance');
  return loop.state === 'failed' && loop.failure.cause === undefined && loop.failure.class === 'exit';
}

/** Whose trouble ended an attempt, by what the agents of the month say. */
function ownerOf(reason: string): TroubleOwner | 'nobody' {
  if (/Overloaded/.test(reason)) return 'provider';
  if (/login|credit|usage limit/.test(reason)) return 'account';
  if (/not found on the PATH|unknown option/.test(reason)) return 'profile';
  if (/processes can be started/.test(reason)) return 'machine';
  return /exit code|killed|asked/.test(reason) ? 'loop' : 'nobody';
}

function stateOf(loop: Loop): string {
  if (loop.state === 'failed')
    return `failed (${loop.failure.class} ${loop.failure.cause ?? ''}: ${loop.failure.reason})`;
  return loop.state === 'waiting' ? `waiting (${loop.for}: ${loop.why})` : loop.state;
}
