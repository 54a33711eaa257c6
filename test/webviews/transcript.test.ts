import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { FromView, ToView, TranscriptHeader, TranscriptItem } from '../../src/ui/transcript/protocol.ts';
import { launchBrowser } from '../support/host/browser.ts';
import { until } from '../support/until.ts';
import { WebviewPage } from './support/webviewPage.ts';

const HEADER: TranscriptHeader = {
  loopId: 'loop-1',
  seq: 7,
  title: 'Fix the flaky test in the payment module',
  agent: 'claude',
  cwd: '/project',
  state: 'running',
  since: Date.now() - 95_000,
  attempts: 2,
  usd: 0.0123,
  estimated: true,
  demo: false,
  live: true,
};

type Body<T = TranscriptItem> = T extends TranscriptItem ? Omit<T, 'key' | 'from' | 'to' | 'n'> : never;

function items(attempt: number, ...bodies: Body[]): TranscriptItem[] {
  return bodies.map(
    (body, i) =>
      ({
        key: `${attempt}:${i * 10}:0`,
        from: { attempt, offset: i * 10 },
        to: { attempt, offset: i * 10 + 10 },
        n: 0,
        ...body,
      }) as TranscriptItem,
  );
}

const MARKDOWN = `I found the cause: the **clock** in \`src/payment/clock.ts:42\` is read twice. See [the test](test/clock.test.ts#L12) and <https://example.com/docs>.

1. Read it once
2. Pass it on

\`\`\`ts
const now = clock.now();
\`\`\`

\`\`\`diff
--- a/src/payment/clock.ts
+++ b/src/payment/clock.ts
@@ -40,3 +40,3 @@
 function due() {
-  return clock.now() > clock.now();
+  return at > limit;
\`\`\`

| file | result |
| --- | --- |
| a.ts | ok |

- [x] done
- [ ] to do`;

const FULL = [
  ...items(
    1,
    {
      kind: 'attempt',
      number: 1,
      agent: 'claude',
      startedAt: Date.now() - 200_000,
      resumed: false,
      sessionId: '2fe6fbf3-c423',
      pid: 4242,
    },
    { kind: 'text', plain: false, text: 'I will look at the test first.' },
    {
      kind: 'tool',
      name: 'Bash',
      summary: 'npm test -- payment',
      result: { ok: false, summary: '1 failing: clock is read twice' },
      lines: [20],
    },
    { kind: 'notice', level: 'warning', label: 'Retry', text: 'overloaded (attempt 1 of 10), again in 2 s' },
    { kind: 'notice', level: 'error', label: 'Error', text: 'API error 500: the provider is overloaded' },
    { kind: 'stderr', text: 'warn: something', bytes: 15 },
    {
      kind: 'end',
      number: 1,
      outcome: 'agent',
      reason: 'The agent reported an error: API error 500',
      at: Date.now() - 100_000,
      tookMs: 100_000,
      usd: 0.01,
      estimated: true,
      swept: 2,
      kept: 1,
      remaining: 0,
    },
  ),
  ...items(
    2,
    { kind: 'attempt', number: 2, agent: 'claude', startedAt: Date.now() - 95_000, resumed: true },
    {
      kind: 'tool',
      name: 'Read',
      summary: 'src/payment/clock.ts',
      result: { ok: true, summary: '120 lines' },
      lines: [10],
    },
    {
      kind: 'tool',
      name: 'Edit',
      summary: 'src/payment/clock.ts',
      result: { ok: true, summary: 'updated' },
      lines: [20],
      diff: [
        { sign: ' ', text: 'function due() {' },
        { sign: '-', text: '  return clock.now() > clock.now();' },
        { sign: '+', text: '  return at > limit;' },
      ],
    },
    { kind: 'text', plain: false, text: MARKDOWN },
    { kind: 'cost', usd: 0.0023, estimated: false, model: 'claude-opus-5-5' },
    { kind: 'tool', name: 'Bash', summary: 'npm test', lines: [50] },
  ),
];

function lines(from: number, count: number): TranscriptItem[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `1:${from + i}:0`,
    from: { attempt: 1, offset: from + i },
    to: { attempt: 1, offset: from + i + 1 },
    n: 0,
    kind: 'text',
    plain: true,
    text: `line ${from + i}`,
  }));
}

describe('transcript page', () => {
  let browser: Browser;
  let view: WebviewPage;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  afterEach(() => view.close());

  const open = async (options: Parameters<typeof WebviewPage.open>[2] = {}) => {
    view = await WebviewPage.open(browser, 'transcript', options);
    await until('ready', () => view.posted<FromView>('ready').length > 0);
    await send({ type: 'header', header: HEADER });
  };
  const send = (message: ToView) => view.send(message);

  for (const theme of ['dark', 'light', 'highContrast'] as const) {
    it(`is accessible in ${theme}`, async () => {
      await open({ theme, height: 1100 });
      await send({ type: 'reset', items: FULL, atStart: true, atEnd: true });
      await view.page.getByText('npm test -- payment').click();
      await send({
        type: 'details',
        key: '1:20:0',
        sections: [
          { kind: 'fields', fields: [{ name: 'command', value: 'npm test -- payment' }] },
          { kind: 'text', label: 'stdout', text: 'FAIL test/clock.test.ts:12', cut: false },
        ],
      });
      await view.picture(`transcript-${theme}`);
      await view.mustBeAccessible();
    });
  }

  /** Waits until the page has been drawn. */
  const frame = () => view.page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
  const scroller = () => view.page.getByRole('main');
  const atBottom = () =>
    scroller().evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 5);

  it('nothing in agent output acts: no markup, image, script or command link', async () => {
    await open();
    const text = [
      '<img src="https://evil.test/x.png" onerror="document.title=1"><script>document.title="owned"</script>',
      '![picture](https://evil.test/y.png)',
      '[run](command:workbench.action.quit) [js](javascript:document.title=1) [data](data:text/html,x) [file](file:///etc/passwd)',
      '<a href="command:x">raw</a>',
      '`<b>code</b>` &lt;i&gt;',
    ].join('\n\n');
    const tool: Body = {
      kind: 'tool',
      name: '<b>Bash</b>',
      summary: '<img src=x onerror=alert(1)>',
      result: { ok: true, summary: '<script>1</script>' },
      lines: [1],
    };
    await send({ type: 'header', header: { ...HEADER, title: '<img src=https://evil.test/t.png>' } });
    await send({
      type: 'reset',
      items: items(1, { kind: 'text', plain: false, text }, tool, { kind: 'text', plain: true, text }),
      atStart: true,
      atEnd: true,
    });
    assert.equal(await view.page.locator('main img, main script, main iframe, main b, h1 img').count(), 0);
    const addresses = await view.page
      .locator('main a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.deepEqual(
      addresses.filter((address) => address !== '#'),
      [],
    );
    assert.match(await scroller().innerText(), /<script>document\.title="owned"<\/script>/);
    assert.match(await scroller().innerText(), /\[image: picture\]/);
    assert.match(await scroller().innerText(), /<b>code<\/b> <i>/);
    assert.equal(await view.page.title(), 'transcript');
  });

  it('follows at the end, stays where the reader scrolled to, and jumps back on demand', async () => {
    await open();
    await send({ type: 'reset', items: lines(0, 100), atStart: true, atEnd: true });
    await until('the end', atBottom);
    await send({ type: 'live', items: lines(100, 20) });
    await until('it to follow', atBottom);
    const jump = view.page.getByRole('button', { name: 'Jump to latest' });
    assert.equal(await jump.isVisible(), false);
    await scroller().evaluate((element) => element.scrollTo(0, 300));
    await jump.waitFor();
    const place = () =>
      view.page
        .getByText('line 20', { exact: true })
        .evaluate((element) => Math.round(element.getBoundingClientRect().top));
    // Items that come into sight for the first time take their true height.
    const before = await until('the place to rest', async () => {
      const first = await place();
      await frame();
      return (await place()) === first && first;
    });
    await send({ type: 'live', items: lines(120, 5) });
    await frame();
    assert.equal(await place(), before, 'stays');
    assert.equal(await jump.innerText(), 'Jump to latest (5 new)');
    await jump.click();
    await until('the end again', atBottom);
    await jump.waitFor({ state: 'hidden' });
  });

  it('follows output that grows line by line, and leaves readers above it in place', async () => {
    await open();
    const grown = (count: number) => {
      const text = Array.from({ length: count }, (_, i) => `row ${i}`).join('\n');
      return items(1, { kind: 'text', plain: true, text });
    };
    await send({ type: 'reset', items: grown(1), atStart: true, atEnd: true });
    for (const count of [40, 80, 120]) {
      await send({ type: 'live', items: grown(count) });
      await until(`the end of ${count} rows`, atBottom);
    }
    await scroller().evaluate((element) => element.scrollBy(0, -200));
    const jump = view.page.getByRole('button', { name: 'Jump to latest' });
    await jump.waitFor();
    const before = await scroller().evaluate((element) => element.scrollTop);
    for (const count of [160, 200]) await send({ type: 'live', items: grown(count) });
    assert.equal(await scroller().evaluate((element) => element.scrollTop), before);
    assert.equal(await jump.isVisible(), true);
  });

  for (const [how, toggle] of [
    ['a click', async () => view.page.locator('summary').click()],
    ['Enter', async () => view.page.locator('summary').press('Enter')],
  ] as const) {
    it(`what is opened at the end by ${how} stays in place, and closed it is the end again`, async () => {
      await open();
      const prompt = Array.from({ length: 120 }, (_, i) => `row ${i}`).join('\n');
      const [stderr] = items(2, { kind: 'stderr', text: prompt, bytes: 900 });
      await send({ type: 'reset', items: [...lines(0, 100), stderr!], atStart: true, atEnd: true });
      await until('the end', atBottom);
      const place = () =>
        view.page.locator('summary').evaluate((element) => Math.round(element.getBoundingClientRect().top));
      const jump = view.page.getByRole('button', { name: 'Jump to latest' });
      await toggle();
      await jump.waitFor();
      await toggle();
      await jump.waitFor({ state: 'hidden' });
      const before = await place();
      await toggle();
      await send({ type: 'live', items: items(3, { kind: 'text', plain: true, text: 'more' }) });
      await view.page.getByRole('button', { name: 'Jump to latest (1 new)' }).waitFor();
      assert.equal(await place(), before);
      await jump.click();
      await send({ type: 'live', items: items(4, { kind: 'text', plain: true, text: prompt }) });
      await until('the end again', atBottom);
    });
  }

  it('End on the keyboard leads to the latest, also when the end is not loaded', async () => {
    await open();
    await send({ type: 'reset', items: lines(0, 100), atStart: true, atEnd: false, focus: { attempt: 1, offset: 50 } });
    await view.page.keyboard.press('End');
    await until('the page asks for the end', () => view.posted<FromView>('latest').length > 0);
  });

  it('loads earlier items without moving what is read, and holds a bounded part of the log', async () => {
    await open();
    await send({ type: 'reset', items: lines(10_000, 1_400), atStart: false, atEnd: true });
    await scroller().evaluate((element) => element.scrollTo(0, 0));
    assert.deepEqual(await until('the page asks', () => view.posted('earlier')[0]), {
      type: 'earlier',
      before: { attempt: 1, offset: 10_000 },
      detached: true,
    });
    const place = () =>
      view.page
        .getByText('line 10000', { exact: true })
        .evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const before = await place();
    await send({ type: 'earlier', items: lines(9_400, 600), atStart: false });
    // Items that come into sight for the first time take their true height, and the browser then keeps the place.
    await until(`the line stands at ${before} again`, async () => Math.abs((await place()) - before) < 3);
    assert.equal(await view.page.locator('main .item').count(), 1_500);
    assert.equal(await view.page.getByText('line 11399', { exact: true }).count(), 0, 'the far end was dropped');
    await send({ type: 'live', items: lines(12_000, 1) });
    assert.equal(await view.page.getByText('line 12000', { exact: true }).count(), 0, 'a gap is never closed over');
  });

  it('items stand in the order of the log: standard error behind the output, updates in place', async () => {
    await open();
    const [text] = items(1, { kind: 'text', plain: true, text: 'first' });
    const stderr: TranscriptItem = {
      key: '1:err',
      from: { attempt: 1, offset: Number.MAX_SAFE_INTEGER - 1 },
      to: { attempt: 1, offset: 0 },
      n: 0,
      kind: 'stderr',
      text: 'oops',
      bytes: 4,
    };
    await send({ type: 'reset', items: [text!, stderr], atStart: true, atEnd: true });
    await send({ type: 'live', items: [{ ...text!, text: 'first and more' } as TranscriptItem, ...lines(50, 1)] });
    assert.deepEqual(
      await view.page.locator('main .item').evaluateAll((all) => all.map((one) => one.getAttribute('data-key'))),
      ['1:0:0', '1:50:0', '1:err'],
    );
    assert.match(await scroller().innerText(), /first and more/);
  });

  it('a click on a file opens it at its line; tool calls unfold with what the log says', async () => {
    await open();
    await send({ type: 'reset', items: FULL, atStart: true, atEnd: true });
    await view.page.getByRole('link', { name: 'src/payment/clock.ts:42' }).click();
    assert.deepEqual(await until('the link', () => view.posted('openFile')[0]), {
      type: 'openFile',
      path: 'src/payment/clock.ts',
      line: 42,
    });
    await view.page.getByText('Read', { exact: true }).click();
    assert.deepEqual(await until('the call', () => view.posted('expand')[0]), {
      type: 'expand',
      key: '2:10:0',
      attempt: 2,
      lines: [10],
    });
    await view.page.getByRole('button', { name: 'Open raw log' }).click();
    assert.deepEqual(await until('the button', () => view.posted('command')[0]), {
      type: 'command',
      command: 'openLog',
    });
  });

  it('the keyboard stays on a tool call whose result comes', async () => {
    await open();
    const [call] = items(1, { kind: 'tool', name: 'Bash', summary: 'npm test', lines: [0] } as Body);
    await send({ type: 'reset', items: [call!], atStart: true, atEnd: true });
    await view.page.locator('.tool summary').focus();
    const done = { ...call!, result: { ok: true, summary: '14 passing' } } as TranscriptItem;
    await send({ type: 'live', items: [done] });
    await view.page.getByText('14 passing').waitFor();
    assert.match(String(await view.page.evaluate('document.activeElement.textContent')), /npm test.*14 passing/);
  });

  it('requests no more of what is about to be replaced', async () => {
    await open();
    await send({
      type: 'reset',
      items: lines(10_000, 200),
      atStart: false,
      atEnd: false,
      focus: { attempt: 1, offset: 10_100 },
    });
    await view.page.keyboard.press('End');
    await until('the page asks for the end', () => view.posted<FromView>('latest').length > 0);
    const asked = view.posted('earlier').length;
    await scroller().evaluate((element) => element.scrollTo(0, 0));
    await frame();
    await frame();
    assert.equal(view.posted('earlier').length, asked);
    await send({ type: 'reset', items: lines(20_000, 200), atStart: false, atEnd: true });
    await until('the page asks for what is before the end', async () => {
      // Items that have just come take their heights, and the page stays at its end meanwhile.
      await scroller().evaluate((element) => element.scrollTo(0, 0));
      return view.posted('earlier').length > asked;
    });
  });

  it('requests more for a reader who stays at the top, but not after an empty reply', async () => {
    await open();
    await send({ type: 'reset', items: lines(10_000, 200), atStart: false, atEnd: true });
    const asked = (times: number) =>
      until(`what is earlier to be asked for ${times} times`, async () => {
        if (times === 1) await scroller().evaluate((element) => element.scrollTo(0, 0));
        return view.posted('earlier').length >= times;
      });
    await asked(1);
    await send({ type: 'earlier', items: lines(9_000, 1), atStart: false });
    await asked(2);
    await send({ type: 'earlier', items: [], atStart: false });
    for (let drawn = 0; drawn < 5; drawn++) await frame();
    assert.equal(view.posted('earlier').length, 2);
  });

  it('searches the whole log, by keyboard alone', async () => {
    await open();
    await send({ type: 'reset', items: lines(0, 3), atStart: false, atEnd: true });
    await view.page.getByRole('searchbox').focus();
    await view.page.keyboard.type('clock');
    await view.page.keyboard.press('Enter');
    const { id, text } = await until('the search', () => view.posted<FromView & { type: 'search' }>('search')[0]);
    assert.equal(text, 'clock');
    const hit = (offset: number, match: string) => ({
      at: { attempt: 1, offset },
      before: 'the ',
      match,
      after: ' is read',
    });
    await send({ type: 'hits', id, hits: [hit(10, 'Clock')], progress: 0.4, done: false, more: false });
    assert.match(
      await view.page.getByRole('region', { name: 'Search results' }).innerText(),
      /1 place found|1 so far, 40 % searched/,
    );
    await send({ type: 'hits', id, hits: [hit(99, 'clock')], progress: 1, done: true, more: false });
    await send({ type: 'hits', id: id - 1, hits: [hit(5, 'stale')], progress: 1, done: true, more: false });
    await view.page.keyboard.press('ArrowDown');
    await view.page.keyboard.press('ArrowDown');
    await view.page.keyboard.press('Enter');
    assert.deepEqual(await until('the hit', () => view.posted('goto')[0]), {
      type: 'goto',
      at: { attempt: 1, offset: 99 },
    });
    assert.equal(await view.page.getByText('stale').count(), 0);
    await view.mustBeAccessible();
  });

  it('a hit is marked in its item, and scrolled into view in a long one', async () => {
    await open();
    const block = Array.from({ length: 400 }, (_, i) =>
      i === 200 ? 'here the Clock is read twice' : `line ${i}: the clock is fine`,
    ).join('\n');
    const [long] = items(1, { kind: 'text', plain: true, text: block });
    await view.page.getByRole('searchbox').fill('clock');
    await view.page.keyboard.press('Enter');
    const { id } = await until('the search', () => view.posted<FromView & { type: 'search' }>('search')[0]);
    const at = { attempt: 1, offset: 0 };
    const hit = { at, before: 'fine here the ', match: 'Clock', after: ' is read twice line' };
    await send({ type: 'hits', id, hits: [hit], progress: 1, done: true, more: false });
    await view.page.getByRole('button', { name: 'here the Clock' }).click();
    await until('the way there', () => view.posted('goto')[0]);
    await send({ type: 'reset', items: [long!], atStart: true, atEnd: true, focus: at });
    const marked = () =>
      view.page.evaluate(`(() => {
        const [range] = CSS.highlights.get('found') ?? [];
        if (!range) return undefined;
        const { top, bottom } = range.getBoundingClientRect();
        return { text: String(range), line: range.startContainer.data.slice(0, range.endOffset).split('\\n').at(-1), inView: top > 0 && bottom < innerHeight };
      })()`);
    assert.deepEqual(await until('the mark', marked), { text: 'Clock', line: 'here the Clock', inView: true });
    await send({ type: 'reset', items: [long!], atStart: true, atEnd: true });
    assert.equal(await marked(), undefined);
  });

  it('announces transitions and not the stream', async () => {
    await open();
    const said = () => view.page.locator('[aria-live]').allInnerTexts();
    await send({ type: 'reset', items: lines(0, 3), atStart: true, atEnd: true });
    await send({ type: 'live', items: lines(3, 3) });
    assert.deepEqual((await said()).filter(Boolean), []);
    await send({ type: 'header', header: { ...HEADER, state: 'failed', why: 'exit code 3', live: false } });
    assert.deepEqual((await said()).filter(Boolean), ['failed, attempt 2: exit code 3']);
  });

  it('stays readable when it is narrow', async () => {
    await open({ width: 420, height: 900 });
    await send({ type: 'reset', items: FULL, atStart: true, atEnd: true });
    await view.picture('transcript-narrow');
    assert.equal(await view.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  });
});
