import type { CircuitChange, TimelineAttempt } from '../../../core/ports/historyQueries.ts';
import { CIRCUIT_WORDS } from '../../text/circuitWords.ts';
import { formatDuration, formatUsd } from '../../text/format.ts';
import { Announcer } from '../../webviewHost/webview/announcer.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import { oncePerFrame } from '../../webviewHost/webview/oncePerFrame.ts';
import { connect } from '../../webviewHost/webview/vscodeApi.ts';
import {
  type DashboardCommand,
  DEFAULT_RANGE_MS,
  type FromDashboard,
  type LiveFigures,
  RANGES,
  type Range,
  type ToDashboard,
} from '../protocol.ts';
import { buckets, loopRows, summarize } from '../statistics.ts';
import { DURATION_STEPS, timeSteps } from '../timeAxis.ts';
import { Chart } from './chart.ts';
import { Counters } from './counters.ts';
import { LoopTable } from './loopTable.ts';
import { onThemeChange, readPalette } from './palette.ts';
import { Timeline } from './timeline.ts';

const BUCKETS = 24;

const HELP = [
  'Tab goes from the buttons to the timeline, the charts’ tables and the table of loops.',
  'Timeline: arrow keys go from attempt to attempt, Home and End to the first and the last, Enter opens the loop, ' +
    'plus and minus zoom, N goes to now. Each attempt is read out.',
  'Charts: “As a table” has the same numbers as a table.',
  'Loops: arrow keys, Page Up and Page Down, Home and End go through the rows, Enter opens the loop.',
  'Changes of the state, pauses and failures are announced; nothing else is.',
  'By mouse: drag the timeline, zoom with Ctrl and the wheel, click a bar or a row.',
];

const { post, keep, kept } = connect<ToDashboard, FromDashboard>(receive);
const command = (name: DashboardCommand) => post({ type: 'command', command: name });
const open = ({ loopId, seq }: { readonly loopId: string; readonly seq: number }) =>
  post({ type: 'open', loopId, seq });

let palette = readPalette();
const attempts = new Map<number, TimelineAttempt>();
let range: Range = { ms: DEFAULT_RANGE_MS, from: 0 };
let figures: LiveFigures | undefined;
let circuit: readonly CircuitChange[] = [];
/** Older attempts arrived: the timeline reaches further back. */
let older = false;
const later = oncePerFrame(showDerived);

const announcer = new Announcer();
const banner = h('p', { class: 'banner', role: 'status', hidden: true });
const select = h(
  'select',
  { 'aria-label': 'How far back' },
  ...RANGES.map(({ ms, label }) => h('option', { value: ms, selected: ms === DEFAULT_RANGE_MS }, label)),
);
select.addEventListener('change', () => post({ type: 'range', rangeMs: Number(select.value) }));
const counters = new Counters(command);
const timeline = new Timeline(palette, open, h('label', {}, 'Last ', select));
const spend = new Chart({ title: 'Spend by day and agent', unit: 'Day', form: 'stack', format: formatUsd }, palette);
const outcomes = new Chart(
  { title: 'Loops by outcome', unit: 'From', form: 'stack', format: (n) => (Number.isInteger(n) ? String(n) : '') },
  palette,
);
const durations = new Chart(
  { title: 'Duration of completed loops', unit: 'From', form: 'lines', format: formatDuration, steps: DURATION_STEPS },
  palette,
);
const table = new LoopTable(open, ({ seq }) => timeline.mark(seq));

document.body.append(
  h(
    'main',
    {},
    h(
      'header',
      {},
      h('h1', {}, 'Loops'),
      h(
        'div',
        { class: 'tools' },
        h('button', { onclick: () => command('submitPrompt') }, 'Submit prompt'),
        h('button', { onclick: () => command('searchHistory') }, 'Search history'),
        h('button', { onclick: () => command('exportHistory') }, 'Export'),
      ),
    ),
    banner,
    counters.element,
    timeline.element,
    h('div', { class: 'charts' }, spend.element, outcomes.element, durations.element),
    table.element,
    h(
      'details',
      { class: 'help' },
      h('summary', {}, 'Keyboard and screen reader help'),
      h('ul', {}, ...HELP.map((line) => h('li', {}, line))),
    ),
  ),
  announcer.element,
);

onThemeChange(() => {
  palette = readPalette();
  timeline.setPalette(palette);
  for (const chart of [spend, outcomes, durations]) chart.setPalette(palette);
  if (spendData) showSpend(spendData);
  later();
});
setInterval(() => {
  counters.tick();
  // Only running bars grow: without them the timeline is not redrawn.
  if (figures && figures.running > 0) timeline.draw();
}, 1_000);

let spendData: (ToDashboard & { type: 'spend' }) | undefined;
post({ type: 'ready', rangeMs: (kept() as { rangeMs?: number } | undefined)?.rangeMs ?? DEFAULT_RANGE_MS });

function receive(message: ToDashboard): void {
  switch (message.type) {
    case 'figures':
      showFigures(message.figures, message.now);
      break;
    case 'timeline':
      range = message.range;
      select.value = String(range.ms);
      keep({ rangeMs: range.ms });
      attempts.clear();
      for (const attempt of message.attempts) attempts.set(attempt.id, attempt);
      circuit = message.circuit;
      timeline.reset(attempts.values(), circuit, range.from);
      later();
      break;
    case 'older':
      for (const attempt of message.attempts) attempts.set(attempt.id, attempt);
      older = true;
      later();
      break;
    case 'attempts':
      for (const attempt of message.attempts) attempts.set(attempt.id, attempt);
      timeline.update(attempts.values());
      later();
      break;
    case 'circuit':
      circuit = message.changes;
      timeline.setCircuit(circuit);
      break;
    case 'spend':
      spendData = message;
      showSpend(message);
      break;
    case 'gone':
      showBanner(message.text);
  }
}

/** Computes everything derived from the attempts. */
function showDerived(): void {
  if (older) timeline.reset(attempts.values(), circuit, range.from);
  older = false;
  const now = Date.now();
  const rows = loopRows(attempts.values(), now);
  table.set(rows);
  counters.summarize(summarize(rows));
  // As far back as there are attempts, as on the timeline.
  const from = Math.max(
    range.from,
    rows.reduce((first, { startedAt }) => Math.min(first, startedAt), now - 60_000),
  );
  const times = timeSteps(from, now, BUCKETS);
  const labels = times.map(({ label }) => label);
  const steps = buckets(
    rows,
    times.map(({ at }) => at),
  );
  outcomes.set({
    labels,
    series: [
      { label: 'completed', color: palette.good, values: steps.map(({ completed }) => completed) },
      { label: 'failed', color: palette.bad, values: steps.map(({ failed }) => failed) },
      {
        label: 'cancelled',
        color: `color-mix(in srgb, ${palette.neutral} 70%, transparent)`,
        values: steps.map(({ cancelled }) => cancelled),
      },
    ],
  });
  durations.set({
    labels,
    series: [
      { label: 'median', color: palette.running, values: steps.map(({ medianMs }) => medianMs) },
      { label: '90 % within', color: palette.warn, values: steps.map(({ p90Ms }) => p90Ms) },
    ],
  });
}

function showSpend({ rows, days, limit }: ToDashboard & { type: 'spend' }): void {
  const agents = [...new Set(rows.map(({ agent }) => agent))].sort();
  const series = agents.map((agent, index) => {
    const byDay = new Map(rows.filter((row) => row.agent === agent).map((row) => [row.day, row]));
    const estimated = [...byDay.values()].some(({ estimatedUsd }) => estimatedUsd > 0);
    return {
      label: estimated ? `≈ ${agent}` : agent,
      color: palette.series[index % palette.series.length] ?? palette.running,
      values: days.map((day) => byDay.get(day)?.usd ?? 0),
    };
  });
  counters.markEstimate(rows.some(({ day, estimatedUsd }) => day === days.at(-1) && estimatedUsd > 0));
  spend.set({ labels: days.map((day) => day.slice(5)), series, limit });
}

function showBanner(text: string | undefined): void {
  banner.hidden = text === undefined;
  banner.textContent = text ?? '';
}

function showFigures(next: LiveFigures, now: number): void {
  const before = figures;
  figures = next;
  counters.show(next, now);
  timeline.setSlots(next.slots);
  showBanner(next.notReady);
  if (!before) return;
  if (before.circuit.state !== next.circuit.state) announcer.say(CIRCUIT_WORDS[next.circuit.state]);
  else if (before.paused !== next.paused) announcer.say(next.paused ? 'Queue paused' : 'Queue resumed');
  else if (next.failed > before.failed) announcer.say(`${next.failed} failed, with no restarts left`);
}
