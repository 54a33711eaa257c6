import { toUsd } from '../../core/model/money.ts';
import type { Status } from '../../core/model/status.ts';
import type { SpendRow } from '../../core/ports/store.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { count, formatClock, formatDuration, formatUsd, speakDuration } from '../text/format.ts';
import { escapeMarkdown, inlineCode } from '../text/safeText.ts';

/** What a status-bar item shows. `tooltip` is Markdown in which foreign text is escaped. */
export interface StatusText {
  readonly text: string;
  readonly spoken: string;
  readonly tooltip: string;
  readonly level: 'plain' | 'warning' | 'error';
}

/** The circuit in the status bar: `closed`, `half-open`, or `open 87s` on the error background. */
export function circuitText(status: Status, now: number): StatusText {
  const { circuit } = status;
  if (!status.ready)
    return {
      text: '$(debug-disconnect) not ready',
      spoken: 'Loop Supervisor is not ready',
      tooltip: notReadyText(status),
      level: 'plain',
    };
  const failures = `${count(circuit.consecutiveFailures, 'failure')} in a row`;
  const reasons =
    circuit.reasons.length === 0
      ? ''
      : `\n\nLast failures:\n${circuit.reasons.map((reason) => `\n- ${inlineCode(reason, 160)}`).join('')}`;
  const last = circuit.lastFailureAt === undefined ? '' : `, the last at ${formatClock(circuit.lastFailureAt, now)}`;
  switch (circuit.state) {
    case 'open': {
      const left = Math.ceil(circuit.cooldownRemainingMs / 1000) * 1000;
      return {
        text: `$(circle-slash) open ${left / 1000}s`,
        spoken: `Loop circuit open, lets a probe through in ${speakDuration(left)}`,
        tooltip: `**Circuit open**: nothing starts. A probe goes through in ${formatDuration(left)}.\n\n${failures}${last}.${reasons}\n\nClick to see why, or to reset it.`,
        level: 'error',
      };
    }
    case 'half-open':
      return {
        text: '$(debug-breakpoint-conditional) half-open',
        spoken: 'Loop circuit half-open: a probe decides',
        tooltip: `**Circuit half-open**: a probe decides whether loops go on.\n\n${failures}${last}.${reasons}\n\nClick to see why, or to reset it.`,
        level: 'warning',
      };
    case 'closed':
      return {
        text: '$(pass) closed',
        spoken: `Loop circuit closed${circuit.consecutiveFailures > 0 ? `, ${failures}` : ''}`,
        tooltip: `**Circuit closed**: loops start as usual.${circuit.consecutiveFailures > 0 ? `\n\n${failures}${last}.${reasons}` : ''}`,
        level: 'plain',
      };
  }
}

/** What was spent today, for the hover. */
export interface TodaySpend {
  readonly agents: readonly SpendRow[];
  readonly loops: Awaited<ReturnType<Supervisor['spendToday']>>;
}

/** The budget in the status bar: `$3.20 / $20.00`, or `$3.20 today` without a limit. */
export function budgetText(status: Status, warnAtPercent: number, today: TodaySpend, now: number): StatusText {
  if (!status.ready)
    return {
      text: '$(credit-card) –',
      spoken: 'Loop budget is not known yet',
      tooltip: notReadyText(status),
      level: 'plain',
    };
  const { spent, reserved, limit, resetsAt } = status.budget;
  const estimated = today.agents.some((row) => row.estimated > 0);
  const about = estimated ? '≈' : '';
  const amount = `${about}${formatUsd(spent)}`;
  const held = reserved > 0 ? `\n\nReserved for loops under way: ${formatUsd(reserved)}.` : '';
  const detail = spendTable(today);
  const note = estimated ? '\n\n≈ marks amounts that are estimated in whole or in part.' : '';
  if (limit === 0) {
    return {
      text: `$(credit-card) ${amount} today`,
      spoken: `Loops have cost ${about ? 'about ' : ''}${formatUsd(spent)} today, no daily limit`,
      tooltip: `**${amount} spent today**, no daily limit. Click to set one.${held}${detail}${note}`,
      level: 'plain',
    };
  }
  const level = spent >= limit ? 'error' : spent >= (limit * warnAtPercent) / 100 ? 'warning' : 'plain';
  const state = level === 'error' ? 'used up' : `${Math.floor((spent / limit) * 100)} % used`;
  const icon = level === 'error' ? 'error' : level === 'warning' ? 'warning' : 'credit-card';
  return {
    text: `$(${icon}) ${amount} / ${formatUsd(limit)}`,
    spoken: `Loops have cost ${about ? 'about ' : ''}${formatUsd(spent)} of ${formatUsd(limit)} today, ${state}`,
    tooltip: `**${amount} of ${formatUsd(limit)} spent today**, ${state}. A new day begins at ${formatClock(resetsAt, now)}.${held}${detail}${note}`,
    level,
  };
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
  return table('Agent', byAgent) + table('Loop', byLoop);
}

function notReadyText(status: Status): string {
  return escapeMarkdown(status.notReady ?? 'Loop Supervisor is not ready.', 400);
}
