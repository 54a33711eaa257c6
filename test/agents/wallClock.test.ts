import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dayOf, firstShowing, instantOf, isDay, isZone, type TimeOfDay } from '../../src/agents/wallClock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Both hemispheres, half hours, changes by half an hour, at midnight, and a day that was left out.
const ZONES = [
  'America/New_York',
  'America/Los_Angeles',
  'America/St_Johns',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/Havana',
  'Europe/Berlin',
  'Europe/London',
  'Europe/Lisbon',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Tehran',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Shanghai',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Apia',
  'Antarctica/Troll',
  'UTC',
] as const;

/** A slow clock of its own: what the wall shows, as minutes since 1970 on the wall. */
class SlowClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(zone: string) {
    const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    this.#format = new Intl.DateTimeFormat('sv-SE', { ...fields, timeZone: zone });
  }

  shown(at: number): number {
    return Date.parse(`${this.#format.format(at).replace(' ', 'T')}Z`) / MINUTE;
  }
}

/** The first minute at or after `from` at which the wall shows the time, or has jumped over it. */
function search(zone: string, { hour, minute }: TimeOfDay, from: number): number {
  const clock = new SlowClock(zone);
  const wanted = hour * 60 + minute;
  const start = Math.ceil(from / MINUTE) * MINUTE;
  let before = clock.shown(start - MINUTE);
  for (let at = start; at < start + 3 * DAY; at += MINUTE) {
    const now = clock.shown(at);
    if (mod(now, 1440) === wanted) return at;
    // The first minute after `before` that would have shown it.
    const next = before + 1 + mod(wanted - before - 1, 1440);
    if (next < now) return at;
    before = now;
  }
  throw new Error('no such time within three days');
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** Instants just before the zone's clocks change in a year. */
function changes(zone: string, year: number): number[] {
  const clock = new SlowClock(zone);
  const found: number[] = [];
  for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += HOUR) {
    if (clock.shown(at + HOUR) - clock.shown(at) !== 60) found.push(at);
  }
  return found;
}

describe('R14.4 the first instant that shows a time', () => {
  for (const zone of ZONES) {
    it(`${zone}: as a search by the minute finds it, around each change of its clocks`, () => {
      const years = zone === 'Pacific/Apia' ? [2011] : zone === 'America/Sao_Paulo' ? [2018] : [2026];
      for (const change of years.flatMap((year) => changes(zone, year)).slice(0, 4)) {
        for (const from of [change - 20 * HOUR, change - 40 * MINUTE, change + 70 * MINUTE]) {
          for (const hour of [0, 1, 2, 3, 12, 23]) {
            for (const minute of [0, 30]) {
              const wanted = search(zone, { hour, minute }, from);
              const why = `${hour}:${minute} from ${new Date(from).toISOString()}`;
              assert.equal(firstShowing({ hour, minute }, from, zone), wanted, why);
            }
          }
        }
      }
    });
  }

  it('as a search by the minute finds it, anywhere', () => {
    const time = fc.record({ hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }) });
    const from = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2036, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), time, from, (zone, wanted, at) => {
        assert.equal(firstShowing(wanted, at, zone), search(zone, wanted, at));
      }),
      { numRuns: 60 },
    );
  });

  it('in this machine’s zone and at fixed offsets', () => {
    const from = Date.UTC(2026, 5, 8, 10, 5);
    const local = new Date(firstShowing({ hour: 3, minute: 7 }, from, undefined));
    assert.deepEqual([local.getHours(), local.getMinutes()], [3, 7]);
    assert.ok(local.getTime() >= from && local.getTime() < from + DAY);
    assert.equal(firstShowing({ hour: 3, minute: 0 }, from, -420), Date.UTC(2026, 5, 9, 10, 0));
  });

  it('the format of a zone is made once', () => {
    const real = Intl.DateTimeFormat;
    let made = 0;
    Intl.DateTimeFormat = new Proxy(real, {
      construct(target, args: ConstructorParameters<typeof real>) {
        made++;
        return new target(...args);
      },
    });
    try {
      for (let n = 0; n < 200; n++) firstShowing({ hour: n % 24, minute: 0 }, n * DAY, 'Asia/Tokyo');
    } finally {
      Intl.DateTimeFormat = real;
    }
    assert.equal(made, 1);
  });
});

describe('days in zones', () => {
  it('there and back', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), fc.integer({ min: 5e11, max: 4e12 }), (zone, at) => {
        const day = dayOf(at, zone);
        const start = instantOf(day, { hour: 0, minute: 0 }, zone);
        // A day has at most 25 hours, and its own end is that of no other.
        assert.ok(start <= at && at < start + 25 * HOUR, `${zone} ${at}`);
        assert.deepEqual(dayOf(start, zone), day);
      }),
    );
  });

  it('a day past the end of a month is in the next one, and is no day that a person can mean', () => {
    assert.equal(
      instantOf({ year: 2026, month: 12, day: 32 }, { hour: 1, minute: 2 }, 'UTC'),
      Date.UTC(2027, 0, 1, 1, 2),
    );
    assert.equal(isDay({ year: 2026, month: 2, day: 29 }), false);
    assert.equal(isDay({ year: 2028, month: 2, day: 29 }), true);
  });

  it('unknown zones are rejected', () => {
    assert.equal(isZone('Europe/Berlin'), true);
    assert.equal(isZone('Mars/Olympus'), false);
  });
});
