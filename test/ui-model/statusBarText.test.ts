import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import type { Status } from '../../src/core/model/status.ts';
import { budgetText, circuitText, type Glance } from '../../src/ui/statusBar/statusBarText.ts';
import { statusWith } from './support/views.ts';

const NOW = new Date(2026, 2, 10, 15, 40).getTime();
const NOTHING = { agents: [], loops: [] };

function circuit(facts: Partial<Status['circuit']>, account = 'claude'): Status {
  const all = { ...statusWith().circuit, ...facts };
  return statusWith({
    circuit: all,
    circuitState: all.state,
    circuits: [{ ...all, account }],
    accounts: [paid(account)],
  });
}

function paid(account: string, holds: Status['holds'] = []): Status['accounts'][number] {
  return { account, agents: [account], circuitState: 'closed', holds, windows: [] };
}

const IDLE: Glance = { host: 'ready', queued: 0, asking: 0, needing: 0 };
const shown = (status: Status, glance: Partial<Glance> = {}) => pick(circuitText(status, { ...IDLE, ...glance }, NOW));

function budget(spent: number, limit: number, reserved = 0): Status {
  return statusWith({
    budget: { spent, unknown: 0, reserved, granted: 0, limit, resetsAt: new Date(2026, 2, 11).getTime() },
  });
}

describe('The circuit in the status bar', () => {
  it('is only an icon when idle, and otherwise says what runs and what is queued', () => {
    assert.deepEqual(shown(circuit({})), ['$(pass)', 'plain']);
    assert.deepEqual(shown(statusWith({ concurrencyUsed: 2 }), { queued: 5 }), [
      '$(play) 2 running · 5 queued',
      'plain',
    ]);
    assert.deepEqual(shown(statusWith(), { queued: 1 }), ['$(play) 1 queued', 'plain']);
    assert.deepEqual(shown(statusWith({ paused: true, concurrencyUsed: 1 })), ['$(debug-pause) paused', 'plain']);
  });

  it('R4.3 names the account that is paused after failures, with the seconds left, on the error background', () => {
    const open = { state: 'open', consecutiveFailures: 5, cooldownRemainingMs: 86_001 } as const;
    assert.deepEqual(shown(circuit(open)), ['$(circle-slash) claude stopped after 5 failures · 87 s', 'error']);
    assert.deepEqual(shown(circuit({ state: 'half-open', consecutiveFailures: 5 })), [
      '$(beaker) claude: testing recovery',
      'warning',
    ]);
  });

  it('R14.1 says that an account is held, and how many more', () => {
    const hold = (name: string, reason: 'login' | 'usageLimit', until?: number): Status['holds'][number] => ({
      of: { kind: 'account', name },
      state: 'held',
      reason,
      why: 'because',
      since: NOW,
      ...(until !== undefined && { until }),
      guessed: false,
    });
    const holds = [hold('claude', 'login'), hold('codex', 'usageLimit', NOW + 3_600_000)];
    const accounts = [paid('codex', [holds[1]!]), paid('claude', [holds[0]!]), paid('gemini')];
    const status = statusWith({ holds, accounts });
    assert.deepEqual(shown(status), ['$(circle-slash) codex: usage limit reached · resumes 16:40 (+1)', 'warning']);
    const { tooltip } = circuitText(status, IDLE, NOW);
    assert.match(tooltip, /\| claude \| not logged in \|\n\| gemini \| ready \|/);
    const ready = [...accounts, paid('pi'), ...Array.from({ length: 12 }, (_, n) => paid(`more${n}`))];
    const row = /\| (gemini, pi, more0, .*) \| ready \|/.exec(
      circuitText({ ...status, accounts: ready }, IDLE, NOW).tooltip,
    );
    assert.match(row?.[1] ?? '', /, more9 and 2 more$/, 'those that are ready share a row');
  });

  it('R17.1 puts questions first, since only the user can answer them', () => {
    const open = circuit({ state: 'open', consecutiveFailures: 5, cooldownRemainingMs: 1 });
    assert.deepEqual(shown(open, { asking: 1 }), ['$(question) asks', 'warning']);
    assert.deepEqual(shown(open, { asking: 3, needing: 1 }), ['$(question) 3 ask', 'warning']);
    assert.deepEqual(shown(open, { needing: 1 }), ['$(bell-dot) needs you', 'warning']);
    assert.deepEqual(shown(open, { needing: 2 }), ['$(bell-dot) 2 need you', 'warning']);
  });

  it('says in words what colour and icon show', () => {
    const spoken = (status: Status, glance: Partial<Glance> = {}) =>
      circuitText(status, { ...IDLE, ...glance }, NOW).spoken;
    assert.equal(
      spoken({
        ...circuit({ state: 'open', consecutiveFailures: 5, cooldownRemainingMs: 87_000 }),
        concurrencyUsed: 1,
      }),
      'Loops: claude stopped after 5 failures, 87 s, 1 running',
    );
    assert.equal(spoken(statusWith()), 'Loops: ready, nothing is running');
    assert.equal(spoken(statusWith({ concurrencyUsed: 2 }), { queued: 1 }), 'Loops: 2 running, 1 queued');
  });

  it('explains itself on hover, and names the last failures without letting them act', () => {
    const { tooltip } = circuitText(
      circuit({
        state: 'open',
        consecutiveFailures: 5,
        cooldownRemainingMs: 1000,
        lastFailureAt: NOW,
        reasons: ['exit 1', '[x](command:y)'],
      }),
      IDLE,
      NOW,
    );
    assert.match(tooltip, /\| claude \| stopped after 5 failures · 1 s \|/);
    assert.match(tooltip, /the last at 15:40/);
    assert.match(tooltip, /- `exit 1`\n- `\[x\]\(command:y\)`/);
    assert.match(tooltip, /After several failures in a row of one account, its loops are paused/);
  });

  it('says that it is not ready, and why', () => {
    const status = statusWith({ ready: false, notReady: 'No store' });
    assert.deepEqual(shown(status, { host: 'untrusted' }), ['$(shield) Needs workspace trust', 'plain']);
    assert.deepEqual(shown(status, { host: 'broken' }), ['$(error) Database unavailable', 'plain']);
    assert.match(circuitText(status, { ...IDLE, host: 'opening' }, NOW).tooltip, /No store/);
  });
});

describe('The budget in the status bar', () => {
  const cases: readonly [spent: number, limit: number, text: string, level: string][] = [
    [3.2, 20, '$(credit-card) $3.20 / $20.00 today', 'plain'],
    [17.99, 20, '$(credit-card) $17.99 / $20.00 today', 'plain'],
    [18, 20, '$(warning) $18.00 / $20.00 today', 'warning'],
    [20, 20, '$(error) $20.00 / $20.00 today', 'error'],
    [21, 20, '$(error) $21.00 / $20.00 today', 'error'],
    [3.2, 0, '$(credit-card) $3.20 today', 'plain'],
    [0, 0, '$(credit-card) $0.00 today', 'plain'],
  ];
  it('R14.6 says how full the usage windows are, and when they reset', () => {
    const resetsAt = new Date(2026, 2, 10, 15, 40).getTime();
    const windows = [{ name: 'five hour', used: 0.72, resetsAt, at: NOW }];
    const status = { ...budget(1, 20), accounts: [{ ...paid('claude'), windows }] };
    assert.match(
      budgetText(status, 90, NOTHING, NOW).tooltip,
      /claude: five hour window 72 %, resets (?:Tue )?15:40\./,
    );
  });

  it('R6.6 counts guesses for unknown costs, marks them and states their share', () => {
    const status = budget(19, 20);
    const shown = budgetText({ ...status, budget: { ...status.budget, unknown: 1.5 } }, 90, NOTHING, NOW);
    assert.deepEqual(pick(shown), ['$(error) ≈$20.50 / $20.00 today', 'error']);
    assert.match(shown.tooltip, /\$1\.50 of it is a guess/);
    assert.match(shown.spoken, /^Spent on loops today: about \$20\.50/);
  });

  it('R6.6 shows no work as free: where a loop named no cost it is more than this', () => {
    const shown = budgetText(budget(0, 20), 90, { ...NOTHING, unnamed: 1 }, NOW);
    assert.deepEqual(pick(shown), ['$(credit-card) ≈$0.00 / $20.00 today', 'plain']);
    assert.match(shown.tooltip, /It is at least this much: the cost of 1 loop of today is not fully known\./);
  });

  for (const [spent, limit, text, level] of cases) {
    it(`shows ${spent} of ${limit} as ${text}, ${level}`, () => {
      assert.deepEqual(pick(budgetText(budget(spent, limit), 90, NOTHING, NOW)), [text, level]);
    });
  }

  it('shows on hover what each agent and loop has cost today, estimates marked, and what is reserved', () => {
    const today = {
      agents: [
        { day: '2026-03-10', agent: 'codex', cost: toNano(1), estimated: toNano(1), unknown: 0 },
        { day: '2026-03-10', agent: 'claude', cost: toNano(2.2), estimated: 0, unknown: 0 },
      ],
      loops: [{ loopId: 'a', title: 'Fix | <b>it</b>', agent: 'claude', usd: 2.2, estimatedUsd: 0, unknownUsd: 0 }],
    };
    const { text, tooltip, spoken } = budgetText(budget(3.2, 20, 1.5), 90, today, NOW);
    assert.equal(text, '$(credit-card) ≈$3.20 / $20.00 today');
    assert.match(tooltip, /\| claude \| \$2\.20 \|\n\| codex \| ≈\$1\.00 \|/);
    assert.match(tooltip, /\| Fix &#124; &#60;b&#62;it&#60;&#47;b&#62; \| \$2\.20 \|\n\| other loops \| ≈\$1\.00 \|/);
    assert.match(tooltip, /Reserved for running and waiting loops: \$1\.50/);
    assert.match(tooltip, /≈ marks amounts that are estimated/);
    assert.equal(spoken, 'Spent on loops today: about $3.20 of $20.00, 16 % used');
  });

  it('R6.2 counts guesses as used, and says on hover what is a guess and what running loops may still spend', () => {
    const status = budget(17, 20, 1);
    const money = { ...status, budget: { ...status.budget, unknown: 2, granted: 1.5 } };
    const { text, level, tooltip } = budgetText(money, 90, NOTHING, NOW);
    assert.deepEqual([text, level], ['$(warning) ≈$19.00 / $20.00 today', 'warning']);
    assert.match(tooltip, /\$2\.00 of it is a guess, for runs that reported no cost\./);
    assert.match(tooltip, /Running loops may spend \$1\.50 more before they must ask again\./);
  });
});

function pick({ text, level }: { readonly text: string; readonly level: string }): [string, string] {
  return [text, level];
}
