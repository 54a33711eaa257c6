import assert from 'node:assert/strict';
import fc from 'fast-check';
import { usageLimitIn } from '../../src/agents/usageLimit.ts';

const NOW = Date.UTC(2026, 10, 23, 6, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The next instant at which clocks of this machine show that time, or the instant at which they do on that day. */
function localTime(hour: number, minute: number, day?: readonly [year: number, month: number, day: number]): number {
  if (day) return new Date(day[0], day[1] - 1, day[2], hour, minute).getTime();
  const at = new Date(NOW);
  at.setHours(hour, minute, 0, 0);
  if (at.getTime() <= NOW) at.setDate(at.getDate() + 1);
  return at.getTime();
}

describe('usage windows that are used up, in the words of the agents', () => {
  const limits: readonly [message: string, until: number | undefined][] = [
    ['Claude AI usage limit reached|1795500000', 1_795_500_000_000],
    ['Claude AI usage limit reached|1795500000000', 1_795_500_000_000],
    // It has just passed.
    ["You've hit your limit · resets 2pm (Asia/Shanghai)", NOW],
    ["You've hit your session limit · resets 11:30pm (America/New_York)", Date.UTC(2026, 10, 24, 4, 30)],
    ["You've hit your weekly limit · resets Nov 27, 1pm (Europe/Berlin)", Date.UTC(2026, 10, 27, 12, 0)],
    ["You've hit your weekly limit · resets Jan 2 at 9am (UTC)", Date.UTC(2027, 0, 2, 9, 0)],
    ['5-hour limit reached ∙ resets 3pm', localTime(15, 0)],
    ['Opus weekly limit reached', undefined],
    ["You're out of extra usage · resets 10pm", localTime(22, 0)],
    ['Claude usage limit reached. Your limit will reset at 3pm (America/Los_Angeles).', Date.UTC(2026, 10, 23, 23, 0)],
    ['You’ve hit your usage limit. Upgrade to Pro (https://x.example/pro) or try again at 6:49 AM.', localTime(6, 49)],
    [
      "You've hit your usage limit. Upgrade to Pro, or try again at Nov 25th, 2026 6:49 PM.",
      localTime(18, 49, [2026, 11, 25]),
    ],
    [
      "You've hit your usage limit. Upgrade to Pro or try again in 2 days 17 hours 14 minutes.",
      NOW + 65 * HOUR + 14 * MINUTE,
    ],
    ["You've hit your usage limit. Try again in 1 hour and 5 minutes.", NOW + 65 * MINUTE],
    ["You've hit your usage limit for gpt-5.5. Try again later.", undefined],
    [
      'You have exhausted your capacity on this model. Your quota will reset after 3h20m10s.',
      NOW + 200 * MINUTE + 10_000,
    ],
    ['You have exhausted your daily quota on this model.', undefined],
    ['402 You have exceeded your monthly quota', undefined],
    ['You have exceeded your premium request allowance.', undefined],
    [
      '{"type":"usage_limit_reached","message":"The usage limit has been reached","resets_at":1795500000}',
      1_795_500_000_000,
    ],
  ];
  for (const [message, until] of limits) {
    it(`"${message.slice(0, 90)}"`, () => {
      assert.deepEqual(usageLimitIn(message, NOW), until === undefined ? {} : { until });
    });
  }

  const others = [
    'API Error: Request rejected (429) · This request would exceed your rate limit',
    "This request would exceed your account's rate limit. Please try again later.",
    'exceeded retry limit, last status: 429 Too Many Requests',
    'Rate limit reached for gpt-5 in organization org-1 on tokens per min. Please try again in 1.2s.',
    'We’re currently experiencing high demand, which may cause temporary errors.',
    'Reached maximum number of turns (2)',
    'Reached maximum budget ($0.03)',
    "Request exceeds the model's prompt budget after reserving output (76320 tokens; limit 64000).",
    'Your input exceeds the context window of this model; context limit reached',
    'You exceeded your current quota, please check your plan and billing details.',
    'the file says: usage limits are documented below',
    'Internal server error',
    '',
  ];
  for (const message of others) {
    it(`none: "${message.slice(0, 80)}"`, () => assert.equal(usageLimitIn(message, NOW), undefined));
  }

  it('a reset that is named lies in the future, at most a year ahead, unless a date says otherwise', () => {
    const text = fc.tuple(
      fc.constantFrom('resets ', 'try again at ', 'try again in ', 'resets at '),
      fc.integer({ min: 0, max: 23 }),
      fc.constantFrom('pm', 'am', ':30', ':15 PM', ' hours', 'h5m', ' days 3 hours'),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 4e12 }), ([before, number, after], now) => {
        const limit = usageLimitIn(`You've hit your usage limit, ${before}${number}${after}.`, now);
        assert.ok(limit);
        if (limit.until !== undefined)
          assert.ok(limit.until >= now && limit.until <= now + 370 * 24 * HOUR, String(limit.until - now));
      }),
    );
  });

  it('long messages are scanned once', () => {
    // Begun again at each word, these would take hours.
    assert.ok(usageLimitIn(`You've hit your usage limit ${'resets again at 1 '.repeat(200_000)}`, NOW));
    assert.equal(usageLimitIn('hit your '.repeat(500_000), NOW), undefined);
  });
});

describe('R14.4 a time that is only partly understood is a guess', () => {
  const at = Date.UTC(2026, 5, 8, 10, 5);
  const until = (clause: string, now = at) => usageLimitIn(`5-hour limit reached ∙ ${clause}`, now)?.until;
  const read: readonly [clause: string, until: number][] = [
    ['resets 12:27 AM on Jun 11, 2026 (Europe/Berlin)', Date.UTC(2026, 5, 10, 22, 27)],
    ['resets 3pm PDT', Date.UTC(2026, 5, 8, 22, 0)],
    ['resets 3 p.m. (UTC).', Date.UTC(2026, 5, 8, 15, 0)],
    ['resets at 15:00 UTC+2', Date.UTC(2026, 5, 8, 13, 0)],
    ['resets tomorrow at 9am (UTC)', Date.UTC(2026, 5, 9, 9, 0)],
    ['resets Thu. 9am (UTC)', Date.UTC(2026, 5, 11, 9, 0)],
    ['resets Monday at 9am (UTC)', Date.UTC(2026, 5, 15, 9, 0)],
    ['resets 11 June at 9:00 (UTC), or upgrade now', Date.UTC(2026, 5, 11, 9, 0)],
    ['resets 2026-06-11 09:00 UTC', Date.UTC(2026, 5, 11, 9, 0)],
    ['resets at 2026-06-11T09:00:00Z', Date.UTC(2026, 5, 11, 9, 0)],
    ['resets 3pm (UTC+05:30)', Date.UTC(2026, 5, 8, 9, 30) + 24 * HOUR],
    ['resets 3pm (Etc/GMT+5)', Date.UTC(2026, 5, 8, 20, 0)],
    ['resets 12am (UTC)', Date.UTC(2026, 5, 9, 0, 0)],
    ['resets 12pm (UTC)', Date.UTC(2026, 5, 8, 12, 0)],
    ['resets Jun 8, 10am (UTC)', at],
    ['resets 3pm (UTC). Try again later.', Date.UTC(2026, 5, 8, 15, 0)],
    ['resets 3pm (UTC). Try again in 6 hours.', Date.UTC(2026, 5, 8, 16, 5)],
  ];
  for (const [clause, wanted] of read) it(`"${clause}"`, () => assert.equal(until(clause), wanted));

  const guesses = [
    'resets 25:70pm',
    'resets 13pm',
    'resets 0am',
    'resets 7:60 (UTC)',
    'resets 3',
    'resets 3pm CST',
    'resets 3pm (Mars/Olympus)',
    'resets 3pm-ish',
    'resets about 3pm',
    'resets in about 3 hours',
    'resets in 3 hours or so, at 4pm sharp',
    'resets Feb 30 at 3pm',
    'resets Jun 31, 2026 at 3pm',
    'resets Mon Jun 9 at 3pm',
    'resets Jan 2, 2020 at 3pm',
    'resets in 4000 days',
    'resets 3pm 4pm',
    'resets 3pm (UTC). Try again around 5pm.',
    // A date that has passed is none of next year.
    'resets Jun 8, 9am (UTC)',
    'resets Jun 7 at 9am (UTC)',
    'resets Mar 1 at 9am (UTC)',
    'resets Feb 29 at 9am (UTC)',
    // No other way to write a time is understood by half.
    'resets 24:00 (UTC)',
    'resets 15.30 (UTC)',
    'resets 12/06/2026 09:00 (UTC)',
    'resets 2026-06-11T09:00:00',
    'resets 2026-13-45T09:00:00Z',
    'resets 3pm IST',
    'resets 3pm +02:00',
    'resets in -5 minutes',
    'resets every day at 3pm (UTC)',
    'resets 3pm (UTC) on weekdays',
    `resets 3pm ${'(UTC) '.repeat(40)}`,
  ];
  for (const clause of guesses) it(`a guess: "${clause.slice(0, 60)}"`, () => assert.equal(until(clause), undefined));

  it('one that has just passed means now, one that passed long ago the next one', () => {
    const three = Date.UTC(2026, 5, 8, 15, 0);
    assert.equal(until('resets 3pm (UTC)', three + 10_000), three + 10_000);
    assert.equal(until('resets 3pm (UTC)', three + HOUR), three + 24 * HOUR);
    assert.equal(until('resets 3pm (UTC)', three - 1), three);
  });

  it('a time in the clock change is the first instant that shows it', () => {
    assert.equal(until('resets 2:30am (America/New_York)', Date.UTC(2026, 2, 8, 6, 50)), Date.UTC(2026, 2, 8, 7, 0));
    assert.equal(until('resets 1:30am (America/New_York)', Date.UTC(2026, 10, 1, 5, 45)), Date.UTC(2026, 10, 1, 6, 30));
    assert.equal(until('resets 1:30am (America/New_York)', Date.UTC(2026, 10, 1, 5, 0)), Date.UTC(2026, 10, 1, 5, 30));
  });
});
