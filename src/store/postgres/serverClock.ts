import type { Clock } from '../../core/ports/clock.ts';

/** How far (ms) the server's clock may be from this machine's before that is reported. */
const TOLERATED_MS = 60_000;
/** How long (ms) a reading is trusted; the best of them counts, since a slow answer says little. */
const TRUSTED_MS = 10 * 60_000;

interface Sample {
  readonly offset: number;
  /** How long the answer took: the offset is known to half of it. */
  readonly tookMs: number;
  readonly at: number;
}

/** The database's time (R16.2), so that hosts whose clocks differ agree about cool-downs, back-offs and days. */
export class ServerClock implements Clock {
  readonly #machine: Clock;
  readonly #log: (message: string) => void;
  #sample: Sample | undefined;
  #format: Intl.DateTimeFormat | undefined;
  #zone = '';
  #isOff = false;

  constructor(machine: Clock, log: (message: string) => void) {
    this.#machine = machine;
    this.#log = log;
  }

  /** The budget's day is one of this time zone on all hosts. */
  setZone(zone: string): void {
    if (zone === this.#zone) return;
    this.#zone = zone;
    try {
      const fields = { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: zone } as const;
      this.#format = new Intl.DateTimeFormat('en-CA', fields);
    } catch {
      this.#log(`The time zone ${zone} of the store is unknown here. Days are those of this machine.`);
    }
  }

  /** The server said that it is `server` between `sentAt` and `receivedAt` of this machine's clock (ms). */
  measure(server: number, sentAt: number, receivedAt: number): void {
    const tookMs = receivedAt - sentAt;
    if (!Number.isFinite(server) || tookMs < 0) return;
    const { offset = 0, tookMs: best = Number.POSITIVE_INFINITY, at = 0 } = this.#sample ?? {};
    const measured = server - (sentAt + receivedAt) / 2;
    // A clock that was set differs by more than the error of both readings.
    const wasSet = Math.abs(measured - offset) > (tookMs + best) / 2;
    if (tookMs >= best && receivedAt - at < TRUSTED_MS && !wasSet) return;
    this.#sample = { offset: measured, tookMs, at: receivedAt };
    this.#report(measured);
  }

  /** This machine's wall time, ms. */
  machineNow(): number {
    return this.#machine.now();
  }

  now(): number {
    return Math.round(this.#machine.now() + (this.#sample?.offset ?? 0));
  }

  day(at: number): string {
    return this.#format?.format(at) ?? this.#machine.day(at);
  }

  nextDay(at: number): number {
    if (!this.#format) return this.#machine.nextDay(at);
    const today = this.day(at);
    // A day has at most 25 hours, and there is none whose beginning is not on a minute.
    let [before, after] = [at, at + 26 * 3_600_000];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.day(middle) === today) before = middle;
      else after = middle;
    }
    return after;
  }

  after(ms: number, run: () => void): ReturnType<Clock['after']> {
    return this.#machine.after(ms, run);
  }

  #report(offset: number): void {
    const isOff = Math.abs(offset) > TOLERATED_MS;
    if (isOff === this.#isOff) return;
    this.#isOff = isOff;
    const seconds = Math.round(Math.abs(offset) / 1000);
    this.#log(
      isOff
        ? `The clock of the store's server is ${seconds} s ${offset > 0 ? 'ahead of' : 'behind'} this machine's. ` +
            "Times are the server's; set the wrong one."
        : "The clock of the store's server agrees with this machine's again.",
    );
  }
}
