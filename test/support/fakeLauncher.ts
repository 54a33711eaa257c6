import type { AgentEvent } from '../../src/core/agentEvent.ts';
import type { ProcessIdentity, StopBy, SweptProcess } from '../../src/core/loop.ts';
import type { AdoptRequest, AgentLauncher, LaunchRequest, Run, RunControl, RunEnd, RunObserver } from '../../src/core/ports.ts';
import type { FakeClock } from './fakeClock.ts';

/** A run of the fake launcher: the test plays its process. */
export class FakeRun implements Run {
  readonly token: string;
  readonly loopId: string;
  readonly request: LaunchRequest | undefined;
  /** Orders that its guardian was given. */
  readonly stops: StopBy[] = [];
  readonly signals: string[] = [];
  leftWith: number | undefined | 'not left' = 'not left';
  kept = 0;
  alive = true;
  #observer: RunObserver | undefined;
  #position = 0;
  readonly #clock: FakeClock;
  readonly #onStop: (run: FakeRun, by: StopBy) => void;

  constructor(token: string, request: LaunchRequest | undefined, clock: FakeClock, onStop: (run: FakeRun, by: StopBy) => void) {
    this.token = token;
    this.loopId = request?.loopId ?? '';
    this.request = request;
    this.#clock = clock;
    this.#onStop = onStop;
  }

  /** A window follows from now on, reading from `position`. */
  follow(observer: RunObserver, position: number): void {
    this.#observer = observer;
    this.#position = position;
  }

  start(leader: ProcessIdentity = { pid: 4_242, startTime: '1', bootId: 'boot' }): void {
    this.#observer?.started({ leader, at: this.#clock.now() });
  }

  /** The agent writes a line that says these events. */
  say(...events: AgentEvent[]): void {
    const from = this.#position;
    this.#position += 10;
    this.#observer?.output({ from, to: this.#position, events, readerState: { at: this.#position } });
  }

  silent(forMs: number | undefined): void {
    this.#observer?.silent(forMs === undefined ? undefined : { kind: 'silence', forMs });
  }

  /** The process ends; all it leaves is gone. */
  end(facts: Partial<Omit<RunEnd, 'last'>> & { readonly says?: readonly AgentEvent[] } = {}): void {
    if (!this.alive) return;
    this.alive = false;
    const { says = [], ...rest } = facts;
    const from = this.#position;
    this.#position += says.length > 0 ? 10 : 0;
    this.#observer?.ended({
      kind: 'exited',
      exit: { exitCode: 0 },
      at: this.#clock.now(),
      swept: [],
      kept: [],
      remaining: [],
      hadOutput: true,
      errorLine: '',
      last: { from, to: this.#position, events: says, readerState: { at: this.#position } },
      ...rest,
    });
  }

  ok(): void {
    this.end({ says: [{ type: 'end', ok: true }] });
  }

  fail(exitCode = 1): void {
    this.end({ exit: { exitCode } });
  }

  stop(by: StopBy): void {
    this.stops.push(by);
    if (this.alive) this.#onStop(this, by);
  }

  async signal(signal: string, _by: StopBy | undefined): Promise<boolean> {
    this.signals.push(signal);
    return this.alive;
  }

  keepWaiting(): void {
    this.kept++;
  }

  leave(stopAfterMs: number | undefined): void {
    this.leftWith = stopAfterMs;
  }

  release(): void {
    this.#observer = undefined;
  }
}

/** Stands in for the process layer: tests decide when runs start, speak and end. Shared by the windows of a test, as the machine is. */
export class FakeLauncher implements AgentLauncher {
  readonly runs: FakeRun[] = [];
  readonly removed: string[] = [];
  free = Number.POSITIVE_INFINITY;
  /** What a run does when it is stopped; at once, it ends of SIGTERM. */
  onStop: (run: FakeRun, by: StopBy) => void = (run) => setImmediate(() => run.end({ exit: { signal: 'SIGTERM' } }));
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
    const run = new FakeRun(request.token, request, this.#clock, (stopped, by) => this.onStop(stopped, by));
    run.follow(observer, 0);
    this.runs.push(run);
    return run;
  }

  adopt(request: AdoptRequest, observer: RunObserver): Run {
    const run = this.runs.find((other) => other.token === request.token);
    if (!run) throw new Error(`Nobody launched ${request.token}.`);
    run.follow(observer, request.readOffset);
    return run;
  }

  control(token: string): RunControl {
    const run = this.runs.find((other) => other.token === token);
    if (!run) throw new Error(`Nobody launched ${token}.`);
    return run;
  }

  freeBytes(): number {
    return this.free;
  }

  async reap(): Promise<ReadonlyMap<string, readonly SweptProcess[]>> {
    return new Map();
  }

  async endKept(): Promise<boolean> {
    return true;
  }

  async removeRuns(tokens: readonly string[]): Promise<void> {
    this.removed.push(...tokens);
  }

  logBytes(): number {
    return 0;
  }
}
