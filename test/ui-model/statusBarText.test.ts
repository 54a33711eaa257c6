import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import type { Status } from '../../src/core/model/status.ts';
import { budgetText, circuitText } from '../../src/ui/statusBar/statusBarText.ts';
import { statusWith } from './support/views.ts';

const NOW = new Date(2026, 2, 10, 15, 40).getTime();
const NOTHING = { agents: [], loops: [] };

function circuit(facts: Partial<Status['circuit']>): Status {
  const all = { ...statusWith().circuit, ...facts };
  return statusWith({ circuit: all, circuitState: all.state });
}

function budget(spent: number, limit: number, reserved = 0): Status {
  return statusWith({
    budget: { spent, unknown: 0, reserved, granted: 0, limit, resetsAt: new Date(2026, 2, 11).getTime() },
  });
}

describe('The circuit in the status bar', () => {
  it('R4.3 shows its state, an open one with the seconds left on the error background', () => {
    assert.deepEqual(pick(circuitText(circuit({}), NOW)), ['$(pass) closed', 'plain']);
    assert.deepEqual(pick(circuitText(circuit({ state: 'half-open', consecutiveFailures: 5 }), NOW)), [
      '$(debug-breakpoint-conditional) half-open',
      'warning',
    ]);
    assert.deepEqual(
      pick(circuitText(circuit({ state: 'open', consecutiveFailures: 5, cooldownRemainingMs: 86_001 }), NOW)),
      ['$(circle-slash) open 87s', 'error'],
    );
  });

  it('says in words what colour and icon say', () => {
    const text = circuitText(circuit({ state: 'open', consecutiveFailures: 5, cooldownRemainingMs: 87_000 }), NOW);
    assert.equal(text.spoken, 'Loop circuit open, lets a probe through in 1 minute 27 seconds');
  });

  it('names the last failures without letting them act', () => {
    const { tooltip } = circuitText(
      circuit({
        state: 'open',
        consecutiveFailures: 5,
        cooldownRemainingMs: 1000,
        lastFailureAt: NOW,
        reasons: ['exit 1', '[x](command:y)'],
      }),
      NOW,
    );
    assert.match(tooltip, /5 failures in a row, the last at 15:40/);
    assert.match(tooltip, /- `exit 1`\n- `\[x\]\(command:y\)`/);
  });

  it('says that it is not ready, and why', () => {
    const text = circuitText(statusWith({ ready: false, notReady: 'No store' }), NOW);
    assert.deepEqual(pick(text), ['$(debug-disconnect) not ready', 'plain']);
    assert.match(text.tooltip, /No store/);
  });
});

describe('The budget in the status bar', () => {
  const cases: readonly [spent: number, limit: number, text: string, level: string][] = [
    [3.2, 20, '$(credit-card) $3.20 / $20.00', 'plain'],
    [17.99, 20, '$(credit-card) $17.99 / $20.00', 'plain'],
    [18, 20, '$(warning) $18.00 / $20.00', 'warning'],
    [20, 20, '$(error) $20.00 / $20.00', 'error'],
    [21, 20, '$(error) $21.00 / $20.00', 'error'],
    [3.2, 0, '$(credit-card) $3.20 today', 'plain'],
    [0, 0, '$(credit-card) $0.00 today', 'plain'],
  ];
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
    assert.equal(text, '$(credit-card) ≈$3.20 / $20.00');
    assert.match(tooltip, /\| claude \| \$2\.20 \|\n\| codex \| ≈\$1\.00 \|/);
    assert.match(tooltip, /\| Fix &#124; &#60;b&#62;it&#60;&#47;b&#62; \| \$2\.20 \|/);
    assert.match(tooltip, /Reserved for loops under way: \$1\.50/);
    assert.match(tooltip, /≈ marks amounts that are estimated/);
    assert.equal(spoken, 'Loops have cost about $3.20 of $20.00 today, 16 % used');
  });
});

function pick({ text, level }: { readonly text: string; readonly level: string }): [string, string] {
  return [text, level];
}
