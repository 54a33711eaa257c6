import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { UserDecision } from '../../src/core/model/loop.ts';
import type { LoopDetail } from '../../src/core/model/loopDetail.ts';
import { toNano } from '../../src/core/model/money.ts';
import type { LiveView, Status } from '../../src/core/model/status.ts';
import { WORK_TREE_GONE } from '../../src/core/steps/workTrees.ts';
import { noticeOf } from '../../src/ui/notifications/notificationTexts.ts';
import { outcomeText } from '../../src/ui/review/changesText.ts';
import { settingsNeedAttention } from '../../src/ui/settings/problemWords.ts';
import { budgetText, circuitText, type Glance } from '../../src/ui/statusBar/statusBarText.ts';
import { describeLive } from '../../src/ui/text/loopText.ts';
import { attemptRows } from '../../src/ui/tree/attemptRows.ts';
import { sectionIn } from '../support/docs/tables.ts';
import { facts, here, NOW, queued, running, statusWith } from './support/views.ts';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly title: string }[];
    readonly views: { readonly [container: string]: readonly { readonly name: string }[] };
    readonly configuration: readonly { readonly properties: object }[];
  };
}

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('The troubleshooting table of the README', () => {
  const rows = sectionIn(readme, 'troubleshooting')
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, 3) as [symptom: string, advice: string]);
  const italics = (cell: string) => [...cell.matchAll(/\*([^*]+)\*/g)].map(([, words]) => words as string);

  it('has rows, each with a symptom', () => {
    assert.ok(rows.length > 10);
    for (const [symptom] of rows) assert.ok(italics(symptom).length > 0, symptom);
  });

  for (const symptom of rows.flatMap(([cell]) => italics(cell)))
    it(`quotes the screen: ${symptom}`, () => {
      const texts = shownTexts();
      assert.ok(
        texts.some((text) => text.includes(symptom)),
        `nothing says “${symptom}”:\n${texts.join('\n')}`,
      );
    });

  it('names commands and settings that exist', () => {
    const { contributes }: Manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const titles = contributes.commands.map(({ title }) => title.replace('…', ''));
    const views = Object.values(contributes.views).flatMap((list) => list.map(({ name }) => name));
    const settings = contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
    for (const [, advice] of rows) {
      for (const name of italics(advice)) assert.ok([...titles, ...views].includes(name), `there is no *${name}*`);
      for (const [, name] of advice.matchAll(/`([a-zA-Z.]+)`/g))
        assert.ok(settings.includes(`loopSupervisor.${name}`), `there is no setting ${name}`);
    }
  });
});

/** What the user interface says of loops and accounts in trouble. */
function shownTexts(): string[] {
  const glance: Glance = { host: 'ready', queued: 0, asking: 0, needing: 0 };
  const bar = (status: Status, more: Partial<Glance> = {}) => circuitText(status, { ...glance, ...more }, NOW).text;
  const open = { state: 'open', consecutiveFailures: 5, cooldownRemainingMs: 87_000, reasons: [] } as const;
  const account = { account: 'claude', agents: ['claude'], circuitState: 'closed', holds: [], windows: [] } as const;
  const held: Status['holds'][number] = {
    of: { kind: 'account', name: 'claude' },
    state: 'held',
    reason: 'login',
    why: 'Please run /login',
    since: NOW,
    guessed: false,
  };
  const removed = { class: 'lost', reason: WORK_TREE_GONE, at: NOW } as const;
  const row = (view: LiveView) => describeLive(view, NOW).description;
  const waitingFor = (reason: NonNullable<LiveView['waitingFor']>) => row({ ...queued('a', 1), waitingFor: reason });
  const needsYou = (need: UserDecision, more = {}) =>
    row(here({ ...facts('a', { attempts: 1, ...more }), state: 'waiting', for: 'you', need, why: 'it has to wait' }));
  const waiting = (more: { for: 'usageLimit' | 'dailyBudget'; until: number }) =>
    row(here({ ...facts('a', { attempts: 1 }), state: 'waiting', why: 'five-hour limit', ...more }));
  return [
    bar(statusWith({ circuits: [{ ...open, account: 'claude' }], accounts: [account] })),
    bar(statusWith({ accounts: [{ ...account, holds: [held] }] })),
    bar(statusWith({ ready: false }), { host: 'untrusted' }),
    bar(statusWith({ ready: false }), { host: 'broken' }),
    budgetText(statusWith(), 90, { agents: [], loops: [] }, NOW).text,
    waitingFor('login'),
    waitingFor('program'),
    waitingFor('budget'),
    waitingFor('window'),
    needsYou('allowance', { cost: 2, maxCost: 1 }),
    needsYou('maxRounds'),
    needsYou('workTree'),
    outcomeText({
      workTree: { root: '/r', commonFolder: '/r/.git', from: '/r', name: 'a', base: 'b', merging: 'merge' },
    }),
    row(here({ ...facts('a', { attempts: 1, lastError: removed }), state: 'backingOff', until: NOW + 1_000 })),
    waiting({ for: 'usageLimit', until: NOW }),
    waiting({ for: 'dailyBudget', until: new Date(2026, 2, 11).getTime() }),
    row({ ...running('a'), activity: { silentForMs: 15 * 60_000, heardAt: NOW - 15 * 60_000 } }),
    row({ ...running('a'), activity: { asking: 'Which database?' } }),
    row({ ...running('a'), activity: { nearMemory: { held: 460 * 2 ** 20, limit: 500 * 2 ** 20 } } }),
    row({ ...running('a'), activity: { unseen: 'no free descriptors' } }),
    noticeOf(
      'failure',
      [{ type: 'loop:failed', loopId: 'a', at: NOW, host: 'w1', error: 'x', reason: 'x', permanent: true }],
      () => 'A',
      NOW,
    )?.message ?? '',
    settingsNeedAttention(['maxConcurrent: x', 'agents: y']),
    ...attemptRows(sparingLoop(), NOW, () => true).map(({ description }) => description),
  ];
}

function sparingLoop(): LoopDetail {
  const kept = [{ pid: 7, startTime: '1', bootId: 'b', command: 'tmux: server' }];
  return {
    loop: facts('a'),
    loopId: 'a',
    attempts: [
      {
        ...{ number: 1, startedAt: NOW, endedAt: NOW, outcome: 'ok', resumed: false, token: 't' },
        ...{ swept: [], kept, remaining: [], exitCode: 0 },
        cost: { usd: 0, unknownUsd: 0, source: 'none', atLeast: false },
      },
    ],
    costUsd: toNano(0),
  } as unknown as LoopDetail;
}
