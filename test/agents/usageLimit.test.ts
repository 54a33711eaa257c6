import assert from 'node:assert/strict';
import fc from 'fast-check';
import { usageLimitIn } from '../../src/agents/usageLimit.ts';
import { wallTime, zonedTime } from '../../src/agents/zonedTime.ts';

const NOW = Date.UTC(2026, 10, 23, 6, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The next time that clocks of this machine show so. */
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
      const expected = until === NOW ? Date.UTC(2026, 10, 24, 6, 0) : until;
      assert.deepEqual(usageLimitIn(message, NOW), expected === undefined ? {} : { until: expected });
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
          assert.ok(limit.until > now && limit.until <= now + 366 * 24 * HOUR, String(limit.until - now));
      }),
    );
  });

  it('long messages are gone through once', () => {
    // Begun again at each word, these would take hours.
    assert.ok(usageLimitIn(`You've hit your usage limit ${'resets again at 1 '.repeat(200_000)}`, NOW));
    assert.equal(usageLimitIn('hit your '.repeat(500_000), NOW), undefined);
  });
});

describe('times in zones', () => {
  it('there and back, also where the clocks change', () => {
    const zone = fc.constantFrom(
      'America/Los_Angeles',
      'Europe/Berlin',
      'Asia/Kolkata',
      'Pacific/Apia',
      'UTC',
      undefined,
    );
    fc.assert(
      fc.property(zone, fc.integer({ min: 0, max: 4e12 }), (name, at) => {
        const minute = Math.floor(at / MINUTE) * MINUTE;
        const again = zonedTime(wallTime(minute, name), name);
        // An hour that is there twice can not be told apart.
        assert.ok(again === minute || Math.abs(again - minute) === HOUR, `${name} ${minute}`);
      }),
    );
  });

  it('a day past the end of a month is in the next one', () => {
    assert.equal(zonedTime({ year: 2026, month: 12, day: 32, hour: 1, minute: 2 }, 'UTC'), Date.UTC(2027, 0, 1, 1, 2));
  });
});
