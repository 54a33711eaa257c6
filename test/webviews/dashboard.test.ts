import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import {
  type DaySpendRow,
  type FromDashboard,
  type LiveFigures,
  RANGES,
  type ToDashboard,
} from '../../src/ui/dashboard/protocol.ts';
import { launchBrowser } from '../support/host/browser.ts';
import { until } from '../support/until.ts';
import { manyLoops } from './support/manyLoops.ts';
import { WebviewPage } from './support/webviewPage.ts';

const HOUR = 3_600_000;
/** The loop that began first. */
const FIRST = manyLoops(120, Date.now(), 24 * HOUR).toSorted((a, b) => a.startedAt - b.startedAt)[0]!.seq;

function figures(now: number, over: Partial<LiveFigures> = {}): LiveFigures {
  return {
    running: 3,
    slots: 4,
    queued: 5,
    queueMax: 20,
    backingOff: 1,
    waiting: 1,
    needing: 2,
    failed: 2,
    paused: false,
    circuit: { state: 'closed', consecutiveFailures: 1, cooldownRemainingMs: 0, reasons: [] },
    windows: [],
    budget: { spent: 18.4, unknown: 0, reserved: 0.9, granted: 0, limit: 20, resetsAt: now + 5 * HOUR },
    ...over,
  };
}

function spend(now: number): ToDashboard {
  const days = Array.from({ length: 30 }, (_, i) => new Date(now - (29 - i) * 24 * HOUR).toISOString().slice(0, 10));
  const rows = days.flatMap((day, i): DaySpendRow[] =>
    ['claude', 'codex'].map((agent, k) => ({
      day,
      agent,
      usd: (((i * 7 + k * 3) % 11) / 11) * 9,
      estimatedUsd: k === 1 ? 1 : 0,
    })),
  );
  return { type: 'spend', rows, days, limit: 20 };
}

describe('dashboard page', () => {
  let browser: Browser;
  let view: WebviewPage;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  afterEach(() => view.close());

  const send = (message: ToDashboard) => view.send(message);

  async function open(
    options: Parameters<typeof WebviewPage.open>[2] = {},
    loops = 120,
    spanMs = 24 * HOUR,
  ): Promise<void> {
    view = await WebviewPage.open(browser, 'dashboard', { width: 1200, height: 1250, ...options });
    await until('ready', () => view.posted('ready').length > 0);
    const now = Date.now();
    await send({ type: 'figures', figures: figures(now), now });
    await send({
      type: 'timeline',
      range: { ms: spanMs, from: now - spanMs },
      attempts: manyLoops(loops, now, spanMs),
      circuit: [
        { account: 'claude', at: now - 0.4 * spanMs, from: 'closed', to: 'open' },
        { account: 'claude', at: now - 0.33 * spanMs, from: 'open', to: 'half-open' },
        { account: 'claude', at: now - 0.31 * spanMs, from: 'half-open', to: 'closed' },
      ],
      complete: true,
    });
    await send(spend(now));
    await view.page
      .getByRole('row', { name: /Fix the flaky test|Update the changelog/ })
      .first()
      .waitFor();
  }

  for (const theme of ['dark', 'light', 'highContrast'] as const) {
    it(`is accessible in ${theme}`, async () => {
      await open({ theme });
      await view.picture(`dashboard-${theme}`);
      await view.mustBeAccessible();
    });
  }

  it('says why there is nothing to show', async () => {
    await open();
    await send({ type: 'gone', text: 'This page could not be filled: no such file.' });
    assert.equal(await view.page.locator('.banner').innerText(), 'This page could not be filled: no such file.');
    await send({ type: 'figures', figures: figures(Date.now()), now: Date.now() });
    assert.equal(await view.page.locator('.banner').isVisible(), false);
  });

  const status = () => view.page.locator('.said').innerText();
  const timeline = () => view.page.getByRole('application', { name: /Timeline/ });

  it('shows the figures, what can be done about them, and what is wrong', async () => {
    await open();
    const text = async () => (await view.page.locator('.counters').innerText()).replace(/\s+/g, ' ');
    assert.match(
      await text(),
      /Running 3 of 4 slots in use Queued Pause 5 of 20 2 need you, 1 to restart, 1 for a limit State Ready/,
    );
    assert.match(await text(), /≈\$18\.40 of \$20\.00 \$0\.90 reserved, 92 %, resets/);
    const now = Date.now();
    const window = { name: 'five hour', used: 0.72, resetsAt: now + HOUR, at: now };
    await send({ type: 'figures', figures: figures(now, { windows: [{ account: 'claude', window }] }), now });
    assert.match(await text(), /92 %, resets [^;]+; claude: five hour window 72 %, resets (?:\w{3} )?\d\d:\d\d/);
    const circuit = {
      state: 'open',
      consecutiveFailures: 5,
      cooldownRemainingMs: 87_000,
      reasons: ['exit code 3 <b>x</b>'],
    } as const;
    await send({
      type: 'figures',
      figures: figures(now, { circuit, paused: true, notReady: 'The store is locked.' }),
      now,
    });
    const left = /State Reset Paused after failures · (?:(\d)m )?(\d+)s exit code 3 <b>x<\/b>/.exec(await text());
    const seconds = 60 * Number(left?.[1] ?? 0) + Number(left?.[2]);
    assert.ok(seconds > 0 && seconds <= 87, `${seconds} s of 87 are left`);
    assert.match(await view.page.locator('.banner').innerText(), /The store is locked/);
    assert.deepEqual(await view.page.locator('[aria-live]').allInnerTexts(), ['Paused after failures']);
    await view.page.getByRole('button', { name: 'Reset' }).click();
    await view.page.getByRole('button', { name: 'Resume' }).click();
    await until('both commands', () => view.posted('command').length === 2);
    assert.deepEqual(view.posted('command'), [
      { type: 'command', command: 'resetCircuit' },
      { type: 'command', command: 'resumeQueue' },
    ]);
  });

  it('the keyboard moves through the timeline, and Enter opens the loop', async () => {
    await open();
    await timeline().focus();
    await view.page.keyboard.press('End');
    assert.match(await status(), /Fix the flaky test 120 · claude · attempt 1 · running · .*slot \d/);
    await view.page.keyboard.press('ArrowLeft');
    assert.match(await status(), /Upgrade the compiler 119/);
    for (const key of ['+', '+', '-', 'n', 'Home']) await view.page.keyboard.press(key);
    assert.match(await status(), new RegExp(` ${FIRST} · `));
    await view.page.keyboard.press('Enter');
    assert.deepEqual(await until('the loop', () => view.posted('open')[0]), {
      type: 'open',
      loopId: `loop-${FIRST}`,
      seq: FIRST,
    });
  });

  it('a click on a bar opens its loop; dragging moves the time', async () => {
    await open();
    const box = (await timeline().boundingBox())!;
    await view.page.mouse.move(box.x + box.width * 0.5, box.y + 16 + 10);
    assert.match(await status(), /attempt \d · .*slot 1/);
    await view.page.mouse.down();
    await view.page.mouse.move(box.x + box.width * 0.5 - 200, box.y + 26, { steps: 5 });
    await view.page.mouse.up();
    assert.deepEqual(view.posted('open'), [], 'a drag is no click');
    await view.page.mouse.click(box.x + box.width * 0.3, box.y + 16 + 10);
    await until('the loop', () => view.posted<FromDashboard & { type: 'open' }>('open')[0]);
  });

  it('the table works by keyboard and announces its position to screen readers', async () => {
    await open();
    const grid = view.page.getByRole('grid');
    await grid.focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'PageDown', 'ArrowUp']) await view.page.keyboard.press(key);
    const active = view.page.locator('[aria-selected=true]');
    const row = Number(await active.getAttribute('aria-rowindex'));
    assert.ok(row > 10, `row ${row}`);
    assert.equal(await grid.getAttribute('aria-activedescendant'), await active.getAttribute('id'));
    assert.equal(await grid.getAttribute('aria-rowcount'), '121');
    await view.page.keyboard.press('End');
    assert.equal(await active.getAttribute('aria-rowindex'), '121');
    await view.page.keyboard.press('Enter');
    assert.deepEqual(await until('the loop', () => view.posted('open')[0]), {
      type: 'open',
      loopId: `loop-${FIRST}`,
      seq: FIRST,
    });
  });

  it('changes come in one by one: an attempt that ends is the same row in another state', async () => {
    await open();
    const now = Date.now();
    const running = manyLoops(120, now, 24 * HOUR).findLast(({ outcome }) => outcome === undefined)!;
    await send({
      type: 'attempts',
      attempts: [
        { ...running, endedAt: now, outcome: 'ok', state: 'completed' },
        { ...running, id: 10_000, seq: 500, loopId: 'new', title: 'A new loop', startedAt: now },
      ],
    });
    await view.page.getByRole('row', { name: /running A new loop/ }).waitFor();
    await view.page.getByRole('row', { name: new RegExp(`completed ${running.title}`) }).waitFor();
    assert.match(await view.page.getByText(/loops in this period/).innerText(), /121 loops/);
  });

  it('a click on a row lands although its loop changes meanwhile', async () => {
    await open();
    const row = view.page.locator('.rows .row').first();
    await row.scrollIntoViewIfNeeded();
    const seq = Number((await row.getAttribute('id'))?.replace('loop-', ''));
    const attempts = manyLoops(120, Date.now(), 24 * HOUR).filter((attempt) => attempt.seq === seq);
    await row.hover();
    await view.page.mouse.down();
    await send({ type: 'attempts', attempts: attempts.map((attempt) => ({ ...attempt, title: 'Another title' })) });
    await row.getByText('Another title').waitFor();
    await view.page.mouse.up();
    assert.equal((await until('the click', () => view.posted<FromDashboard & { type: 'open' }>('open')[0])).seq, seq);
  });

  it('another range is requested, and remembered', async () => {
    await open();
    await view.page.getByLabel('How far back').selectOption({ label: 'Everything' });
    assert.deepEqual(await until('the range', () => view.posted('range')[0]), {
      type: 'range',
      rangeMs: RANGES.at(-1)!.ms,
    });
  });

  it('charts have their numbers as tables', async () => {
    await open();
    await view.page.getByText('As a table').first().click();
    const table = await view.page.getByRole('table', { name: 'Spend by day and agent' }).innerText();
    assert.match(table, /claude\s+≈ codex/);
    assert.match(table, /\d\d-\d\d\s+\$\d+\.\d\d/);
    await view.mustBeAccessible();
  });

  it('the legend of a chart has names, and values only where the chart is pointed at', async () => {
    await open();
    const legend = view.page.locator('.u-legend').first();
    assert.doesNotMatch(await legend.innerText(), /[–:$]/);
    await view.page.locator('.u-over').first().hover();
    await until('the values', async () => /\$\d/.test(await legend.innerText()));
    await view.page.mouse.move(0, 0);
    await until('only names again', async () => !/[–:$]/.test(await legend.innerText()));
  });

  it('of 10,000 finished loops only the visible rows exist, wherever it is scrolled to', async () => {
    await open({}, 100);
    const now = Date.now();
    await send({
      type: 'timeline',
      range: { ms: 0, from: 0 },
      attempts: manyLoops(10_000, now, 30 * 24 * HOUR),
      circuit: [],
      complete: true,
    });
    await view.page.getByText('10,000 loops in this period').waitFor();
    for (const part of [0, 0.5, 1]) {
      await view.page.evaluate(
        `(() => { const grid = document.querySelector('.grid'); grid.scrollTop = ${part} * grid.scrollHeight; })()`,
      );
      // Numbered from the newest under the head.
      const wanted = 2 + Math.round(part * 9_990);
      await view.page.locator(`.rows .row[aria-rowindex="${wanted}"]`).waitFor();
      assert.ok((await view.page.locator('.rows .row').count()) < 60);
    }
    await view.picture('dashboard-10000');
  });

  it('stays usable when it is narrow', async () => {
    await open({ width: 420, height: 1400 });
    await view.picture('dashboard-narrow');
    assert.equal(await view.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  });

  it('with nothing to show it says so', async () => {
    view = await WebviewPage.open(browser, 'dashboard', { width: 1200, height: 900 });
    await until('ready', () => view.posted('ready').length > 0);
    const now = Date.now();
    await send({
      type: 'figures',
      figures: figures(now, { running: 0, queued: 0, backingOff: 0, waiting: 0, needing: 0, failed: 0 }),
      now,
    });
    await send({ type: 'timeline', range: { ms: HOUR, from: now - HOUR }, attempts: [], circuit: [], complete: true });
    await send({ type: 'spend', rows: [], days: ['2026-01-01'], limit: 0 });
    await view.page.getByText('No attempts in this period.').waitFor();
    await view.picture('dashboard-empty');
    await view.mustBeAccessible();
  });
});
