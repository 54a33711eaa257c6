import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { PermissionRequest, Question } from '../../src/core/model/question.ts';
import type { AttemptRow, DetailData, FromDetail, ToDetail } from '../../src/ui/detail/protocol.ts';
import { choicesOf, requestParts } from '../../src/ui/questions/requestText.ts';
import { launchBrowser } from '../support/host/browser.ts';
import { until } from '../support/until.ts';
import { WebviewPage } from './support/webviewPage.ts';

const NOW = Date.now();

function attempt(over: Partial<AttemptRow>): AttemptRow {
  return {
    number: 1,
    startedAt: NOW - 300_000,
    resumed: false,
    usd: 0,
    costSource: 'none',
    atLeast: false,
    swept: [],
    kept: [],
    remaining: [],
    ...over,
  };
}

const DETAIL: DetailData = {
  loopId: 'loop-7',
  seq: 7,
  title: 'Fix the flaky test in the payment module',
  state: 'running',
  editable: false,
  demo: false,
  canUseRounds: false,
  since: NOW - 65_000,
  agent: 'claude',
  cwd: '/home/me/project',
  priority: 5,
  permanent: false,
  submittedAt: NOW - 400_000,
  estimateUsd: 0.25,
  estimateAssumed: true,
  maxCostUsd: 2,
  costUsd: 0.1312,
  costEstimated: 'part',
  costUnknownUsd: 0.03,
  costAtLeast: false,
  reservedUsd: 0.12,
  restarts: 1,
  metadata: { ticket: 'PAY-12' },
  prompt: 'Fix the flaky test in the payment module.\n\nRun it 20 times before you say that it works.',
  promptMore: 0,
  questions: [],
  attempts: [
    attempt({
      endedAt: NOW - 100_000,
      outcome: 'exit',
      reason: 'It ended with exit code 3: the provider is overloaded',
      exitCode: 3,
      pid: 4242,
      usd: 0.1,
      costSource: 'estimated',
      sessionId: '2fe6fbf3-c423',
      swept: [{ pid: 4250, command: 'node server.js' }],
      kept: [
        { pid: 4300, command: 'tmux new -s work', alive: true },
        { pid: 4301, command: 'adb server', alive: false },
      ],
      remaining: [{ pid: 4400, command: 'stuck --on=disk' }],
    }),
    attempt({
      number: 2,
      startedAt: NOW - 65_000,
      pid: 5001,
      usd: 0.0312,
      costSource: 'reported',
      atLeast: true,
      allowanceUsd: 2,
      resumed: true,
      account: 'claude',
      containment: 'cgroup',
    }),
  ],
  costs: [
    { at: NOW - 50_000, usd: 0.0312, source: 'reported' },
    { at: NOW - 100_000, usd: 0.1, source: 'estimated' },
  ],
  costsMore: 0,
  history: [
    { at: NOW - 65_000, from: 'queued', to: 'running', why: 'dispatched' },
    { at: NOW - 99_000, from: 'backingOff', to: 'backingOff', why: 'swept: node server.js (4250)' },
    { at: NOW - 100_000, from: 'running', to: 'backingOff', why: 'exit code 3' },
    { at: NOW - 400_000, from: 'new', to: 'queued', why: 'submitted' },
  ],
  historyMore: 12,
};

describe('detail page', () => {
  let browser: Browser;
  let view: WebviewPage;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  afterEach(() => view.close());

  const send = (message: ToDetail) => view.send(message);
  async function open(
    detail: DetailData = DETAIL,
    options: Parameters<typeof WebviewPage.open>[2] = {},
  ): Promise<void> {
    view = await WebviewPage.open(browser, 'detail', { width: 1000, height: 1350, ...options });
    await until('ready', () => view.posted('ready').length > 0);
    await send({ type: 'detail', detail });
    await send({
      type: 'files',
      files: [
        { attempt: 1, out: 52_311, err: 120 },
        { attempt: 2, out: 812, err: 0 },
      ],
    });
  }
  const button = (name: string) => view.page.getByRole('button', { name, exact: true });

  for (const theme of ['dark', 'light', 'highContrast'] as const) {
    it(`is accessible in ${theme}`, async () => {
      await open(DETAIL, { theme });
      await send({
        type: 'usage',
        usage: {
          cpuPercent: 37.25,
          memoryBytes: 412e6,
          processes: [
            { pid: 5001, command: 'claude -p', cpuPercent: 30, memoryBytes: 400e6 },
            { pid: 5002, command: 'bash', cpuPercent: 0.2, memoryBytes: 12e6 },
          ],
        },
      });
      await view.page.getByText('2 processes').click();
      await view.picture(`detail-${theme}`);
      await view.mustBeAccessible();
    });
  }

  it('says everything: reasons, processes, cost by source, history', async () => {
    await open();
    const text = (await view.page.locator('main').innerText()).replace(/\s+/g, ' ');
    for (const part of [
      'Cost ≈$0.13, in part an estimate, of it $0.03 a guess',
      'May spend $2.00',
      'Estimate ≈$0.25, from earlier loops',
      'Cost limit $2.00',
      'Paid by claude',
      'Open folder Show changes',
      'Restarts 1 recently',
      'Metadata {"ticket":"PAY-12"}',
      'Run it 20 times',
      'Attempt 1 · failed: exit code',
      'the provider is overloaded',
      'Cleaned up after its end 4250 node server.js',
      'Spared on purpose, still running 4300 tmux new -s work End 4301 adb server has ended',
      'Could not be ended 4400 stuck --on=disk',
      'Attempt 2 · running',
      'resumed its session',
      'contained by a control group',
      '≈$0.10 estimated',
      'at least $0.03 reported',
      '$0.03 reported',
      'exit code 3',
      'and 12 older entries',
      'Standard output · 52.3 kB',
    ])
      assert.ok(text.includes(part), `${part} in: ${text}`);
  });

  it('R17.1 a decision of its user is a form: an option, several, or other words, to each part', async () => {
    const options = [
      { shown: 'SQLite', about: 'One file', reply: 'SQLite' },
      { shown: 'Postgre‹U+200B›SQL', reply: 'Postgre\u200bSQL' },
    ];
    const question: DetailData['questions'][number] = {
      ...{ id: 'q1', parts: [], choices: [{ id: 'deny', word: 'Let the Agent Decide' }], canRemember: false },
      inquiries: [
        { text: 'Which database?', options, multiple: false },
        { text: 'Which <b>tests</b>?', options, multiple: true },
      ],
    };
    await open({ ...DETAIL, questions: [question] });
    const card = view.page.getByRole('region', { name: 'Needs You' });
    const part = (name: string) => card.getByRole('group', { name });
    await button('Answer').click();
    await card.getByText('Pick an option or write something in each part.').waitFor();
    assert.deepEqual(view.posted('answer'), []);
    await part('Which database?').getByRole('radio', { name: 'SQLite One file' }).check();
    await part('Which database?').getByLabel('Something else').fill('MariaDB');
    await part('Which <b>tests</b>?').getByRole('checkbox', { name: 'Postgre' }).check();
    // What has not changed keeps what was given so far.
    await send({ type: 'detail', detail: { ...DETAIL, questions: [question], costUsd: 0.2 } });
    await part('Which <b>tests</b>?').getByLabel('Something else').fill(' e2e ');
    await view.mustBeAccessible();
    await part('Which <b>tests</b>?').getByLabel('Something else').press('Enter');
    await button('Let the Agent Decide').click();
    await until('both', () => view.posted('answer').length === 2);
    assert.deepEqual(
      view.posted<Extract<FromDetail, { type: 'answer' }>>('answer').map(({ given }) => given),
      [
        { question: 'q1', choice: 'allow', replies: [['MariaDB'], ['Postgre\u200bSQL', 'e2e']] },
        { question: 'q1', choice: 'deny' },
      ],
    );
  });

  it('R17.1 what an agent asks is only text, and the buttons below it are ours', async () => {
    const text = '<img src=x onerror=alert(1)> <button>Allow Once</button> [a](command:b) &lt;b&gt; $(trash)';
    const request: PermissionRequest = { kind: 'command', tool: text, title: text, command: text };
    const choices: Question['choices'] = [
      { id: 'a', kind: 'allowOnce', label: 'Deny' },
      { id: 'b', kind: 'denyOnce', label: 'Allow Once' },
    ];
    const question = { id: 'q1', parts: requestParts(request), choices: choicesOf({ choices }), canRemember: false };
    await open({ ...DETAIL, questions: [question] });
    const card = view.page.getByRole('region', { name: 'Needs You' });
    await card.getByRole('button', { name: 'Deny', exact: true }).waitFor();
    assert.deepEqual(await card.getByRole('button').allInnerTexts(), ['Allow Once', 'Deny']);
    assert.deepEqual(await card.locator('pre').allInnerTexts(), [text, text, text]);
    assert.equal(await card.locator('img, a, b').count(), 0);
  });

  it('R11.8 shows what each round has proved, the curve of its scores and the best round', async () => {
    const rounds = [
      { round: 0, outcome: 'failed', exitCode: 1, tookMs: 2_000, score: 3 },
      { round: 1, outcome: 'failed', exitCode: 1, tookMs: 4_000, score: 9 },
      { round: 2, outcome: 'timeout', tookMs: 60_000, score: 5 },
    ] as const;
    const attempts = [
      attempt({ number: 1, round: 1, endedAt: NOW, outcome: 'ok' }),
      attempt({ number: 2, round: 1, isCheck: true, endedAt: NOW, outcome: 'exit', exitCode: 1 }),
    ];
    const proof = { command: 'npm test', rounds, best: 1, output: '<b>9 passing</b>' };
    await open({ ...DETAIL, attempts, proof, lastWords: 'All 9 tests pass.\n<b>Done.</b>' });
    const words = view.page.getByRole('region', { name: 'Last words', exact: true });
    assert.match(await words.innerText(), /All 9 tests pass\.\n<b>Done\.<\/b>$/);
    const card = view.page.getByRole('region', { name: 'Proof', exact: true });
    const text = (await card.innerText()).replace(/\s+/g, ' ');
    for (const part of [
      'Must exit with 0: npm test',
      'Before the first ✗ did not pass 1 2s 3',
      'Round 1 ✗ did not pass 1 4s 9 · best',
      'Round 2 ✗ took too long 1m 00s 5',
      '<b>9 passing</b>',
    ])
      assert.ok(text.includes(part), `${part} in: ${text}`);
    const radii = await card.locator('circle').evaluateAll((dots) => dots.map((dot) => dot.getAttribute('r')));
    assert.deepEqual(radii, ['2.5', '5', '2.5']);
    await view.page.getByRole('heading', { name: 'Check of round 1 · failed: exit code' }).waitFor();
    await view.mustBeAccessible();
    await view.picture('detail-proof');
  });

  it('offers the actions that fit the state', async () => {
    const shown = async () => {
      const all = await view.page.locator('.actions button:visible').allInnerTexts();
      return all.join(', ');
    };
    await open();
    assert.equal(await shown(), 'Show output, Cancel, Force stop, Restart, Copy id, Edit as new, Rename');
    await send({
      type: 'detail',
      detail: { ...DETAIL, state: 'queued', editable: true, position: 3, waitingFor: 'budget', host: 'gone' },
    });
    assert.equal(await shown(), 'Show output, Cancel, Run next, Take over, Copy id, Edit, Rename');
    assert.match(await view.page.locator('.facts').first().innerText(), /3, waiting for budget/);
    await send({ type: 'detail', detail: { ...DETAIL, state: 'waiting', waitsFor: 'rounds', needsYou: true } });
    await view.page.locator('.state', { hasText: 'needs you' }).waitFor();
    const others = 'Restart, Copy id, Edit as new, Rename';
    assert.equal(await shown(), `Show output, Cancel, Continue, Accept as it is, ${others}`);
    await send({ type: 'detail', detail: { ...DETAIL, state: 'waiting', waitsFor: 'money' } });
    assert.equal(await shown(), `Show output, Cancel, Continue, ${others}`);
    await send({
      type: 'detail',
      detail: { ...DETAIL, state: 'failed', why: 'gave up', permanent: true, finishedAt: NOW },
    });
    assert.equal(await shown(), 'Continue with…, Show output, Retry, Submit again, Copy id, Edit as new, Rename');
    assert.deepEqual(await view.page.locator('[aria-live]').allInnerTexts(), ['failed: gave up']);
  });

  it('every action has a keyboard path and is handed to the extension', async () => {
    await open();
    for (const name of [
      'Show output',
      'Cancel',
      'Copy',
      'Open in editor',
      'Standard error · 120 bytes',
      'End process 4300',
      'Open folder',
      'Show changes',
      'Copy the session id of attempt 1',
    ]) {
      await button(name).focus();
      await view.page.keyboard.press('Enter');
    }
    await until('all of them', () => view.posted('copySession').length > 0);
    assert.deepEqual(
      view.posted('command').map((message) => (message as unknown as { command: string }).command),
      ['showOutput', 'cancel', 'copyPrompt'],
    );
    assert.deepEqual(view.posted('openPrompt').length, 1);
    assert.deepEqual(view.posted('openLog'), [{ type: 'openLog', attempt: 1, file: 'err' }]);
    assert.deepEqual(view.posted('endSpared'), [{ type: 'endSpared', pid: 4300 }]);
    assert.equal(view.posted('openFolder').length + view.posted('openChanges').length, 2);
    assert.deepEqual(view.posted('copySession'), [{ type: 'copySession', attempt: 1 }]);
  });

  it('R11.8 R12.4 the changes of each round can be reviewed, and its files brought back', async () => {
    const rounds = [1, 2].map((round) =>
      attempt({ number: round, round, endedAt: NOW, outcome: 'ok', ...(round === 2 && { hasChanges: true as const }) }),
    );
    const cwd = '/home/me/.vscode-server/data/User/globalStorage/loopsupervisor.loop-supervisor/worktrees/shop/fix-7';
    const work = { cwd, changes: '+12 −3 in 4 files', workTree: 'loops/fix-7', canUseRounds: true };
    await open({ ...DETAIL, state: 'completed', ...work, attempts: rounds });
    assert.match(await view.page.innerText('main'), /loops\/fix-7.*\+12 −3 in 4 files/s);
    const path = await view.page.getByText(cwd).boundingBox();
    assert.ok(path && path.width > 500, 'a path of many characters has the whole line');
    await view.picture('detail-work-tree');
    assert.equal(await button('Use Round 1').count(), 0, 'there is no snapshot of it');
    for (const name of ['Changes of Round 2', 'Use Round 2', 'Review changes', 'Merge…', 'Continue with…'])
      await button(name).click();
    await until('all of them', () => view.posted('command').length === 3);
    assert.deepEqual(view.posted('reviewAttempt'), [{ type: 'reviewAttempt', attempt: 2 }]);
    assert.deepEqual(view.posted('useRound'), [{ type: 'useRound', round: 2 }]);
  });

  it('R16.8 the log of another machine can be opened before it is here, by the name of that machine', async () => {
    const [first = attempt({})] = DETAIL.attempts;
    await open({ ...DETAIL, state: 'completed', machine: 'build-1', attempts: [first] });
    await send({ type: 'files', files: [{ attempt: 1, out: 0, err: 0, isNotHere: true }] });
    await button('Standard output · on build-1').click();
    await until('the click', () => view.posted('openLog').length > 0);
    assert.deepEqual(view.posted('openLog'), [{ type: 'openLog', attempt: 1, file: 'out' }]);
    await send({ type: 'files', files: [{ attempt: 1, out: 7, err: 0 }] });
    await button('Standard output · 7 bytes').waitFor();
    assert.ok(await button('Standard error · empty').isDisabled());
    await view.mustBeAccessible();
  });

  it('an update leaves the focus where it is', async () => {
    await open();
    await button('Standard output · 52.3 kB').focus();
    await send({ type: 'detail', detail: { ...DETAIL, attempts: [...DETAIL.attempts, attempt({ number: 3 })] } });
    assert.equal(await view.page.evaluate('document.activeElement.textContent'), 'Standard output · 52.3 kB');
  });

  it('an update keeps the focus, and unfolded parts, in what it redraws', async () => {
    const contained = attempt({ containment: 'cgroup' });
    await open({ ...DETAIL, attempts: [contained] });
    await view.page.locator('.attempt summary').click();
    await button('Open folder').focus();
    await send({ type: 'detail', detail: { ...DETAIL, costUsd: 0.2, attempts: [{ ...contained, usd: 0.2 }] } });
    await view.page.getByText('$0.20', { exact: false }).first().waitFor();
    assert.equal(await view.page.evaluate('document.activeElement.textContent'), 'Open folder');
    assert.equal(await view.page.locator('.attempt details').getAttribute('open'), '');
  });

  it('a click lands although the page changes meanwhile', async () => {
    await open({ ...DETAIL, attempts: [attempt({})] });
    await button('Open folder').hover();
    await view.page.mouse.down();
    await send({ type: 'detail', detail: { ...DETAIL, costUsd: 0.2, attempts: [attempt({ usd: 0.2 })] } });
    await view.page.getByText('$0.20', { exact: false }).first().waitFor();
    await view.page.mouse.up();
    await until('the click', () => view.posted('openFolder').length > 0);
  });

  it('shows nothing and offers nothing before it has its loop', async () => {
    view = await WebviewPage.open(browser, 'detail');
    const shown = () => view.page.locator('h1, h2, button').filter({ visible: true }).count();
    assert.equal(await shown(), 0);
    await send({ type: 'gone', text: 'This loop is gone.' });
    await view.page.getByText('This loop is gone.').waitFor();
    assert.equal(await view.page.locator('.actions button').filter({ visible: true }).count(), 0);
  });

  it('nothing from an agent acts', async () => {
    const evil = '<img src=https://evil.test/x onerror=alert(1)>';
    await open({
      ...DETAIL,
      title: evil,
      prompt: evil,
      why: evil,
      attempts: [attempt({ outcome: 'agent', endedAt: NOW, reason: evil, swept: [{ pid: 1, command: evil }] })],
    });
    assert.equal(await view.page.locator('img').count(), 0);
    assert.equal(await view.page.locator('h1').innerText(), evil);
  });

  it('stays usable when it is narrow', async () => {
    await open(DETAIL, { width: 420, height: 1600 });
    await view.picture('detail-narrow');
    assert.equal(await view.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  });
});
