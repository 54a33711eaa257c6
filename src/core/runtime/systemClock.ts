import { type Clock, LONGEST_TIMER_MS } from '../ports/clock.ts';

/** A day in the time zone of this machine, from its first moment (ms) to that of the next. */
interface Day {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Which the zone had when it was asked for: a machine may travel. */
  readonly offset: number;
}

/** Each transaction asks, mostly about the same day as the one before. */
let last: Day | undefined;

function dayOf(at: number): Day {
  const date = new Date(at);
  const offset = date.getTimezoneOffset();
  if (last && last.offset === offset && at >= last.from && at < last.to) return last;
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  const two = (value: number) => String(value).padStart(2, '0');
  last = {
    name: `${year}-${two(month + 1)}-${two(day)}`,
    from: new Date(year, month, day).getTime(),
    to: new Date(year, month, day + 1).getTime(),
    offset,
  };
  return last;
}

/** The clock of this machine, in its time zone. */
export const systemClock: Clock = {
  now: () => Date.now(),
  day: (at) => dayOf(at).name,
  nextDay: (at) => dayOf(at).to,
  after: (ms, run) => {
    // Node would fire longer ones at once.
    if (!(ms >= 0 && ms <= LONGEST_TIMER_MS))
      throw new RangeError(`A timer of ${ms} ms cannot be set: it must be 0 to ${LONGEST_TIMER_MS}.`);
    const timer = setTimeout(run, ms);
    timer.unref();
    return { dispose: () => clearTimeout(timer) };
  },
};
