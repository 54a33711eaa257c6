import { type Clock, LONGEST_TIMER_MS } from '../ports/clock.ts';

/** The clock of this machine, in its time zone. */
export const systemClock: Clock = {
  now: () => Date.now(),
  day: (at) => {
    const date = new Date(at);
    const two = (value: number) => String(value).padStart(2, '0');
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  },
  nextDay: (at) => {
    const date = new Date(at);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
  },
  after: (ms, run) => {
    // Node would fire longer ones at once.
    if (!(ms >= 0 && ms <= LONGEST_TIMER_MS))
      throw new RangeError(`A timer of ${ms} ms cannot be set: it must be 0 to ${LONGEST_TIMER_MS}.`);
    const timer = setTimeout(run, ms);
    timer.unref();
    return { dispose: () => clearTimeout(timer) };
  },
};
