import { toUsd } from '../../core/model/money.ts';
import type { LoopSpend, Status } from '../../core/model/status.ts';
import type { SpendRow } from '../../core/ports/historyQueries.ts';
import { count, formatClock, formatNumber, formatUsd } from '../text/format.ts';
import { type AccountState, accountStates, accountWords, heldName, holdWords } from '../text/holdWords.ts';
import { escapeMarkdown, inlineCode } from '../text/safeText.ts';
import { windowWords } from '../text/windowWords.ts';
import type { HostState } from '../window/hostState.ts';

/** The content of a status-bar item. `tooltip` is Markdown in which foreign text is escaped. */
export interface StatusText {
  readonly text: string;
  readonly spoken: string;
  readonly tooltip: string;
  readonly level: 'plain' | 'warning' | 'error';
}

/** What the circuit item shows besides the status. */
export interface Glance {
  readonly host: HostState['kind'];
  /** Loops in the queue, including those waiting to restart. */
  readonly queued: number;
  /** Loops that ask something. */
  readonly asking: number;
  /** Loops that wait for another decision of their user's. */
  readonly needing: number;
}

const EXPLAINED =
  'After several failures in a row of one account, its loops are paused. ' +
  'After a while one of them is tried; if it works, the others follow.';
/** USD. */
const CENT = 0.01;
/** Accounts named in the hover that are ready. */
const LISTED = 12;

/**
 * The first item: what blocks loops, otherwise what runs; just an icon when idle. Loops with questions come first,
 * since only the user can answer.
 */
export function circuitText(status: Status, glance: Glance, now: number): StatusText {
  if (!status.ready) return notReady(status, glance);
  const accounts = accountStates(status);
  const stopped = accounts.filter(({ circuit, holds }) => holds.length > 0 || circuit?.state === 'open');
  const testing = accounts.filter(({ circuit }) => circuit?.state === 'half-open');
  const activity = activityWords(status, glance);
  const tooltip = circuitTooltip(status, accounts, activity, glance.asking + glance.needing, now);
  const said = (icon: string, words: string, level: StatusText['level']): StatusText => ({
    text: `$(${icon}) ${words}`,
    spoken:
      `Loops: ${[words, activity].filter((part, i, all) => part && all.indexOf(part) === i).join(', ')}`.replaceAll(
        ' · ',
        ', ',
      ),
    tooltip,
    level,
  });
  const { asking, needing } = glance;
  if (asking > 0) return said('question', asking === 1 ? 'asks' : `${formatNumber(asking)} ask`, 'warning');
  if (needing > 0)
    return said('bell-dot', needing === 1 ? 'needs you' : `${formatNumber(needing)} need you`, 'warning');
  const machine = status.holds.find(({ of }) => of.kind === 'machine' || of.kind === 'absence');
  if (machine) return said('warning', `${heldName(machine.of)}: ${holdWords(machine, now)}`, 'warning');
  const [first, ...more] = stopped;
  if (first) {
    const isOpen = stopped.some(({ circuit, holds }) => holds.length === 0 && circuit?.state === 'open');
    const words = accountWords(first.circuit, first.holds, now);
    const others = more.length > 0 ? ` (+${formatNumber(more.length)})` : '';
    const colon = first.holds.length > 0 ? ':' : '';
    return said('circle-slash', `${nameOf(first)}${colon} ${words}${others}`, isOpen ? 'error' : 'warning');
  }
  if (status.paused) return said('debug-pause', 'paused', 'plain');
  const [tested] = testing;
  if (tested) return said('beaker', `${nameOf(tested)}: testing recovery`, 'warning');
  if (activity !== '') return said('play', activity, 'plain');
  return { text: '$(pass)', spoken: 'Loops: ready, nothing is running', tooltip, level: 'plain' };
}

/** `2 running · 5 queued`; empty if both are 0. */
function activityWords({ concurrencyUsed }: Status, { queued }: Glance): string {
  return [
    concurrencyUsed > 0 ? `${formatNumber(concurrencyUsed)} running` : '',
    queued > 0 ? `${formatNumber(queued)} queued` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function circuitTooltip(
  status: Status,
  accounts: readonly AccountState[],
  activity: string,
  needing: number,
  now: number,
): string {
  const rows = accountRows(accounts, now);
  const worst = accounts.find(({ circuit }) => (circuit?.reasons.length ?? 0) > 0)?.circuit;
  const last = worst?.lastFailureAt === undefined ? '' : ` (the last at ${formatClock(worst.lastFailureAt, now)})`;
  return [
    `**Loops**: ${activity === '' ? 'nothing is running' : activity}${status.paused ? ', the queue is paused' : ''}.`,
    ...(needing > 0
      ? [`**${count(needing, 'loop')} ${needing === 1 ? 'needs' : 'need'} you**: see *Needs You* in the *Loops* view.`]
      : []),
    ...(rows.length > 0 ? [`| Account | State |\n| :--- | :--- |\n${rows.join('\n')}`] : []),
    ...(worst
      ? [`Last failures${last}:\n${worst.reasons.map((reason) => `\n- ${inlineCode(reason, 160)}`).join('')}`]
      : []),
    EXPLAINED,
    'Click to see what you can do.',
  ].join('\n\n');
}

/** A row for each account with something to report, and one for all that are ready. */
function accountRows(accounts: readonly AccountState[], now: number): string[] {
  const rows: string[] = [];
  const ready: string[] = [];
  for (const account of accounts) {
    const { circuit, holds } = account;
    const name = escapeMarkdown(nameOf(account), 40);
    const words = accountWords(circuit, holds, now);
    const failures = circuit?.state === 'closed' ? circuit.consecutiveFailures : 0;
    if (words === '' && failures === 0) ready.push(name);
    else
      rows.push(`| ${name} | ${words === '' ? `ready after ${failuresText(failures)}` : escapeMarkdown(words, 80)} |`);
  }
  const more = ready.length > LISTED ? ` and ${formatNumber(ready.length - LISTED)} more` : '';
  if (ready.length > 0) rows.push(`| ${ready.slice(0, LISTED).join(', ')}${more} | ready |`);
  return rows;
}

function failuresText(n: number): string {
  return n === 1 ? '1 failure' : `${count(n, 'failure')} in a row`;
}

/** A name for a stopped account: its agent, if it pays for only one. */
function nameOf({ account, agents }: AccountState): string {
  return agents.length === 1 ? (agents[0] ?? account) : account;
}

function notReady(status: Status, { host }: Glance): StatusText {
  const [icon, words] =
    host === 'untrusted'
      ? ['shield', 'Needs workspace trust']
      : host === 'broken'
        ? ['error', 'Database unavailable']
        : host === 'ready'
          ? ['error', 'Database in trouble']
          : ['loading~spin', 'Opening'];
  return { text: `$(${icon}) ${words}`, spoken: `Loops: ${words}`, tooltip: notReadyText(status), level: 'plain' };
}

/** Today's spend, for the hover. */
export interface TodaySpend {
  readonly agents: readonly SpendRow[];
  readonly loops: readonly LoopSpend[];
  /** Loops that ended today and whose cost is unknown, in whole or in part (R6.6). */
  readonly unnamed?: number;
}

/** The budget in the status bar: `$3.20 / $20.00 today`, or `$3.20 today` without a limit. */
export function budgetText(status: Status, warnAtPercent: number, today: TodaySpend, now: number): StatusText {
  if (!status.ready)
    return {
      text: '$(credit-card) –',
      spoken: 'Loop budget: not known yet',
      tooltip: notReadyText(status),
      level: 'plain',
    };
  const { spent, unknown, limit, resetsAt } = status.budget;
  const used = spent + unknown;
  const unnamed = today.unnamed ?? 0;
  // Nothing that worked is shown as free.
  const looksFree = unnamed > 0 && used === 0;
  const estimated = unknown > 0 || looksFree || today.agents.some((row) => row.estimated > 0);
  const about = estimated ? '≈' : '';
  const amount = `${about}${formatUsd(used)}`;
  const spokenAmount = `Spent on loops today: ${about ? 'about ' : ''}${formatUsd(used)}`;
  const running = runningCost(status);
  const least =
    unnamed === 0
      ? ''
      : `\n\nIt is at least this much: the cost of ${count(unnamed, 'loop')} of today is not fully known.`;
  const detail = running + least + heldMoney(status) + windowLines(status, now) + spendTable(today);
  const note = estimated ? '\n\n≈ marks amounts that are estimated in whole or in part.' : '';
  if (limit === 0) {
    return {
      text: `$(credit-card) ${amount} today`,
      spoken: `${spokenAmount}, no daily limit`,
      tooltip: `**Spent today: ${amount}**, no daily limit. Click to set one.${detail}${note}`,
      level: 'plain',
    };
  }
  const level = used >= limit ? 'error' : used >= (limit * warnAtPercent) / 100 ? 'warning' : 'plain';
  const state =
    level === 'error'
      ? `out of budget, resumes ${formatClock(resetsAt, now)}`
      : `${Math.floor((used / limit) * 100)} % used`;
  const resets = level === 'error' ? '' : `, resets ${formatClock(resetsAt, now)}`;
  const icon = level === 'error' ? 'error' : level === 'warning' ? 'warning' : 'credit-card';
  return {
    text: `$(${icon}) ${amount} / ${formatUsd(limit)} today`,
    spoken: `${spokenAmount} of ${formatUsd(limit)}, ${state}`,
    tooltip: `**Spent today: ${amount} of ${formatUsd(limit)}**, ${state}${resets}.${detail}${note}`,
    level,
  };
}

/** How much of the amount is a guess, and what loops may or will still spend. */
function heldMoney({ budget: { unknown, granted, reserved } }: Status): string {
  const lines = [
    unknown > 0 ? `${formatUsd(unknown)} of it is a guess, for runs that reported no cost.` : '',
    granted > 0 ? `Running loops may spend ${formatUsd(granted)} more before they must ask again.` : '',
    reserved > 0 ? `Reserved for running and waiting loops: ${formatUsd(reserved)}.` : '',
  ];
  return lines.map((line) => line && `\n\n${line}`).join('');
}

/** How full the usage windows of accounts are. */
function windowLines({ accounts }: Status, now: number): string {
  return accounts
    .flatMap(({ account, windows }) =>
      windows.map((window) => `${escapeMarkdown(account, 40)}: ${windowWords(window, now)}`),
    )
    .map((line) => `\n\n${line}.`)
    .join('');
}

/** What the running loops have cost so far, part of the spend. */
function runningCost({ running }: Status): string {
  const usd = running.reduce((sum, { costUsd }) => sum + costUsd, 0);
  return running.length === 0
    ? ''
    : `\n\n${count(running.length, 'running loop')}: ` +
        `${usd === 0 ? 'no cost reported yet' : `${formatUsd(usd)} so far`}.`;
}

function spendTable({ agents, loops }: TodaySpend): string {
  const byAgent = agents
    .filter((row) => row.cost !== 0)
    .toSorted((a, b) => b.cost - a.cost)
    .map(
      (row) => `| ${escapeMarkdown(row.agent, 40)} | ${row.estimated > 0 ? '≈' : ''}${formatUsd(toUsd(row.cost))} |`,
    );
  const byLoop = loops.map(
    (row) =>
      `| ${escapeMarkdown(row.title || row.loopId, 50)} | ${row.estimatedUsd > 0 ? '≈' : ''}${formatUsd(row.usd)} |`,
  );
  const table = (head: string, rows: readonly string[]) =>
    rows.length === 0 ? '' : `\n\n| ${head} | Today |\n| :--- | ---: |\n${rows.join('\n')}`;
  return table('Agent', byAgent) + table('Loop', byLoop.length > 0 ? [...byLoop, ...otherLoops(agents, loops)] : []);
}

/** What loops cost today that are not named, as they cost less or were cleared: the amounts add up. */
function otherLoops(agents: TodaySpend['agents'], loops: TodaySpend['loops']): string[] {
  const rest = agents.reduce((sum, row) => sum + toUsd(row.cost), 0) - loops.reduce((sum, row) => sum + row.usd, 0);
  const guessed =
    agents.reduce((sum, row) => sum + toUsd(row.estimated), 0) - loops.reduce((sum, row) => sum + row.estimatedUsd, 0);
  return rest < CENT / 2 ? [] : [`| other loops | ${guessed < CENT / 2 ? '' : '≈'}${formatUsd(rest)} |`];
}

function notReadyText(status: Status): string {
  return escapeMarkdown(status.notReady ?? 'Loop Supervisor is not ready.', 400);
}
