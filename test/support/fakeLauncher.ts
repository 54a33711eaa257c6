import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { StopBy } from '../../src/core/model/attempt.ts';
import { GONE, type Look } from '../../src/core/model/looks.ts';
import type { ProcessIdentity, SweptProcess } from '../../src/core/model/processIdentity.ts';
import type { Answer, AskedQuestion } from '../../src/core/model/question.ts';
import type {
  AdoptRequest,
  AgentLauncher,
  LaunchRequest,
  LiveLines,
  Run,
  RunControl,
  RunEnd,
  RunObserver,
  RunOutput,
  RunStarted,
} from '../../src/core/ports/launcher.ts';
import type { FakeClock } from './fakeClock.ts';

/** What a run does when it is given an order. */
interface Orders {
  stop(run: FakeRun, by: StopBy): void;
  signal(run: FakeRun, signal: string, by: StopBy | undefined): void;
}

/**
 * A run of the fake launcher: the test plays its process. What it says and how it ends stays known, as in a run folder,
 * so that a window that follows it later reads on where reading had stopped.
 */
export class FakeRun implements RunControl {
  readonly token: string;
  readonly loopId: string;
  readonly request: LaunchRequest | undefined;
  /** Orders that its guardian was given. */
  readonly stops: StopBy[] = [];
  /** The grace (ms) that came with each stop. */
  readonly graces: number[] = [];
  readonly signals: string[] = [];
  /** Answers that were passed on, by question; the first one stands. */
  readonly answers = new Map<string, Answer>();
  leftWith: number | undefined | 'not left' = 'not left';
  kept = 0;
  alive = true;
  readonly #followers = new Set<RunObserver>();
  #position = 0;
  readonly #pieces: RunOutput[] = [];
  #end: RunEnd | undefined;
  #asked: readonly AskedQuestion[] | undefined;
  #started: RunStarted | undefined;
  readonly #clock: FakeClock;
  readonly #orders: Orders;

  constructor(token: string, request: LaunchRequest | undefined, clock: FakeClock, orders: Orders) {
    this.token = token;
    this.loopId = request?.loopId ?? '';
    this.request = request;
    this.#clock = clock;
    this.#orders = orders;
  }

  /**
   * A window follows from now on, reading from `position`: it is soon told what it has missed. Answers its hold on the
   * run.
   */
  follow(observer: RunObserver, position: number): Run {
    this.#followers.add(observer);
    this.#catchUp(observer, position);
    return {
      stop: (by, graceMs) => this.stop(by, graceMs),
      signal: (signal, by) => this.signal(signal, by),
      answer: (question, answer) => this.answer(question, answer),
      keepWaiting: () => this.keepWaiting(),
      leave: (stopAfterMs) => this.leave(stopAfterMs),
      release: () => void this.#followers.delete(observer),
    };
  }

  /** How many hosts follow it. */
  get followers(): number {
    return this.#followers.size;
  }

  #catchUp(observer: RunObserver, position: number): void {
    const missed = this.#pieces.filter((piece) => piece.to > position);
    const [started, end, asked] = [this.#started, this.#end, this.#asked];
    if (!started && !end && !asked && missed.length === 0) return;
    setImmediate(() => {
      if (!this.#followers.has(observer)) return;
      if (started) observer.started(started);
      for (const piece of missed) observer.output(piece);
      if (asked && !end) observer.asking(asked);
      if (end) observer.ended(end);
    });
  }

  start(leader: ProcessIdentity = { pid: 4_242, startTime: '1', bootId: 'boot' }): void {
    this.#started = { leader, at: this.#clock.now() };
    for (const observer of this.#followers) observer.started(this.#started);
  }

  /** The agent writes a line that says these events. */
  say(...events: AgentEvent[]): void {
    const piece = this.#piece(events);
    this.#pieces.push(piece);
    for (const observer of this.#followers) observer.output(piece);
  }

  /** The agent says these events with more that the process layer reports, such as the names of its costs. */
  report(events: readonly AgentEvent[], more: Pick<RunOutput, 'costKeys' | 'anew'>): void {
    const piece = { ...this.#piece(events), ...more };
    this.#pieces.push(piece);
    for (const observer of this.#followers) observer.output(piece);
  }

  /** The last lines of its logs, as they are now. */
  lines(lines: LiveLines): void {
    for (const observer of this.#followers) observer.lines(lines);
  }

  /** The output so far takes this many bytes. */
  get written(): number {
    return this.#position;
  }

  silent(forMs: number | undefined): void {
    for (const observer of this.#followers)
      observer.silent(forMs === undefined ? undefined : { kind: 'silence', forMs });
  }

  /** Nobody can see whether it goes on. */
  unseen(why: string | undefined): void {
    for (const observer of this.#followers) observer.unseen(why);
  }

  /** The process ends; all it leaves is gone. */
  end(facts: Partial<Omit<RunEnd, 'last'>> & { readonly says?: readonly AgentEvent[] } = {}): void {
    if (!this.alive) return;
    this.alive = false;
    const { says = [], ...rest } = facts;
    this.#end = {
      kind: 'exited',
      exit: { exitCode: 0 },
      at: this.#clock.now(),
      swept: [],
      kept: [],
      remaining: [],
      hadOutput: true,
      errorLine: '',
      // What a reader says to the end of a run stands where its last line ended.
      last: this.#piece(says, 0),
      ...rest,
    };
    for (const observer of this.#followers) observer.ended(this.#end);
  }

  #piece(events: readonly AgentEvent[], bytes = events.length > 0 ? 10 : 0): RunOutput {
    const from = this.#position;
    this.#position += bytes;
    return { from, to: this.#position, events, readerState: { at: this.#position } };
  }

  ok(): void {
    this.end({ says: [{ type: 'end', ok: true }] });
  }

  fail(exitCode = 1): void {
    this.end({ exit: { exitCode } });
  }

  stop(by: StopBy, graceMs: number): void {
    this.stops.push(by);
    this.graces.push(graceMs);
    if (this.alive) this.#orders.stop(this, by);
  }

  async signal(signal: string, by: StopBy | undefined): Promise<boolean> {
    this.signals.push(signal);
    const delivered = this.alive;
    if (delivered) this.#orders.signal(this, signal, by);
    return delivered;
  }

  answer(question: string, answer: Answer): void {
    if (!this.answers.has(question)) this.answers.set(question, answer);
  }

  /** What lies in its folder of questions now. */
  ask(...questions: AskedQuestion[]): void {
    this.#asked = questions;
    for (const observer of this.#followers) observer.asking(questions);
  }

  keepWaiting(): void {
    this.kept++;
  }

  leave(stopAfterMs: number | undefined): void {
    this.leftWith = stopAfterMs;
  }
}

const NOBODY: RunControl = {
  stop: () => {},
  signal: async () => false,
  answer: () => {},
  keepWaiting: () => {},
  leave: () => {},
};

/**
 * Stands in for the process layer: tests decide when runs start, speak and end. Shared by the windows of a test, as the
 * machine is.
 */
export class FakeLauncher implements AgentLauncher {
  readonly runs: FakeRun[] = [];
  readonly removed: string[] = [];
  /** When run folders were written last, by token. */
  readonly written = new Map<string, number>();
  free = Number.POSITIVE_INFINITY;
  /** What a run does once it was launched; nothing. */
  onLaunch: (run: FakeRun) => void = () => {};
  /** What a run does when it is stopped; at once, it ends of SIGTERM. */
  onStop: (run: FakeRun, by: StopBy) => void = (run) => setImmediate(() => run.end({ exit: { signal: 'SIGTERM' } }));
  /** What a run does when it is sent a signal; nothing. */
  onSignal: (run: FakeRun, signal: string, by: StopBy | undefined) => void = () => {};
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get alive(): FakeRun[] {
    return this.runs.filter((run) => run.alive);
  }

  /** The living run of a loop. */
  of(loopId: string): FakeRun {
    const run = this.runs.findLast((other) => other.loopId === loopId);
    if (!run) throw new Error(`Loop ${loopId} has not been launched.`);
    return run;
  }

  launch(request: LaunchRequest, observer: RunObserver): Run {
    void request.before?.();
    const run = this.#add(request.token, request);
    this.onLaunch(run);
    return run.follow(observer, 0);
  }

  /** A run that nobody launched was never claimed: nothing ran. */
  adopt(request: AdoptRequest, observer: RunObserver): Run {
    const known = this.runs.find((other) => other.token === request.token);
    const run = known ?? this.#add(request.token, undefined);
    if (!known) run.end({ kind: 'void', exit: {}, hadOutput: false });
    return run.follow(observer, request.readOffset);
  }

  #add(token: string, request: LaunchRequest | undefined): FakeRun {
    const run = new FakeRun(token, request, this.#clock, {
      stop: (stopped, by) => this.onStop(stopped, by),
      signal: (signalled, signal, by) => this.onSignal(signalled, signal, by),
    });
    this.runs.push(run);
    return run;
  }

  /** Orders to a run that is not there reach nobody. */
  control(token: string): RunControl {
    return this.runs.find((other) => other.token === token) ?? NOBODY;
  }

  freeMemory = Number.POSITIVE_INFINITY;

  freeMemoryBytes(): number {
    return this.freeMemory;
  }

  /** What runs hold, by their loops' ids; nobody knows of the others. */
  readonly held = new Map<string, number>();

  async memoryOf(runs: readonly { readonly token: string }[]): Promise<ReadonlyMap<string, number>> {
    const loopOf = (token: string) => this.alive.find((run) => run.token === token)?.loopId ?? '';
    return new Map(
      runs.flatMap(({ token }) => {
        const bytes = this.held.get(loopOf(token));
        return bytes === undefined ? [] : [[token, bytes] as const];
      }),
    );
  }

  freeBytes(): number {
    return this.free;
  }

  async reap(): Promise<ReadonlyMap<string, readonly SweptProcess[]>> {
    return new Map();
  }

  /** What a look for the processes of a run finds. */
  found: Look<readonly SweptProcess[]> = GONE;

  async lookForRun(): Promise<Look<readonly SweptProcess[]>> {
    return this.found;
  }

  async terminateSpared(): Promise<boolean> {
    return true;
  }

  async removeRuns(tokens: readonly string[]): Promise<void> {
    this.removed.push(...tokens);
  }

  async runsBefore(time: number): Promise<string[]> {
    return [...this.written].filter(([, at]) => at < time).map(([token]) => token);
  }

  outputPath(token: string): string {
    return `/runs/${token}/stdout`;
  }

  logBytes(): number {
    return 0;
  }
}
