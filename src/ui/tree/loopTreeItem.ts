import * as vscode from 'vscode';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import { count, formatClock, formatCost, formatDuration } from '../text/format.ts';
import { lastWordsOf, proofWords } from '../text/proofWords.ts';
import { codeBlock, inlineCode } from '../text/safeText.ts';
import { STATE_WORDS } from '../text/stateText.ts';
import type { TreeRow } from './treeRow.ts';

const STATES = {
  none: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
} as const;

/** A row for VS Code. Its tooltip is built on demand. */
export function treeItemOf(row: TreeRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, STATES[row.children]);
  // VS Code keeps a group that was empty collapsed, which would hide its first rows: with rows it needs another id.
  item.id = row.subject.kind === 'group' && row.children === 'none' ? `${row.id} empty` : row.id;
  item.description = row.description;
  item.contextValue = row.context;
  item.accessibilityInformation = { label: row.spoken };
  if (row.icon)
    item.iconPath = new vscode.ThemeIcon(
      row.icon.id,
      row.icon.color ? new vscode.ThemeColor(row.icon.color) : undefined,
    );
  const opens = OPENS[row.subject.kind];
  if (opens !== undefined) item.command = { command: 'loopSupervisor.openRow', title: opens };
  return item;
}

/**
 * What a click or Enter does. The command has no arguments: VS Code keeps those of a row only until the row is drawn
 * anew, and a click in between would be lost.
 */
const OPENS: { readonly [kind in TreeRow['subject']['kind']]?: string } = {
  more: 'Show More Loops',
  loop: 'Open Loop',
};

/** Prompt, agent, attempts, pid and last error of a loop. All foreign text is rendered as code. */
export function loopTooltip(detail: LoopDetail, now: number): vscode.MarkdownString {
  const { loop, prompt, attempts, loopId } = detail;
  const proof = proofWords(detail);
  const words = lastWordsOf(detail);
  const current = attempts.at(-1);
  const pid = current?.pid !== undefined && current.endedAt === undefined ? ` · pid ${current.pid}` : '';
  const error = 'failure' in loop ? loop.failure : loop.lastError;
  const tries = attempts.filter(({ isCheck, isSetup }) => !isCheck && !isSetup).length;
  const ran = current
    ? ` · ${current.endedAt === undefined ? 'for' : 'ran'} ` +
      `${formatDuration((current.endedAt ?? now) - current.startedAt)}`
    : '';
  const money = formatCost(loop);
  const cost = money && ` · ${money}`;
  const lines = [
    `**${STATE_WORDS[loop.state]}** · agent ${inlineCode(loop.agent, 60)} · ` +
      `${count(tries, 'attempt')}${ran}${pid}${cost}`,
    ...(proof ? [inlineCode(proof, 120)] : []),
    ...(words ? ['It said last:', codeBlock(words, { language: 'text', maxLines: 6, maxChars: 600 })] : []),
    ...(words ? ['Its prompt:'] : []),
    codeBlock(prompt, { language: 'text', maxLines: 12, maxChars: 1200 }),
    ...(error
      ? [
          `Last error at ${formatClock(error.at, now)} (${error.class}):`,
          codeBlock(error.reason, { language: 'text', maxLines: 6, maxChars: 600 }),
        ]
      : []),
    `Folder ${inlineCode(loop.cwd, 200)}  \nId ${inlineCode(loopId, 140)} · submitted ` +
      `${formatClock(loop.submittedAt, now)}${loop.priority === 0 ? '' : ` · priority ${loop.priority}`}`,
  ];
  // Untrusted and without HTML: no command links, no markup from an agent.
  const text = new vscode.MarkdownString(lines.join('\n\n'));
  text.isTrusted = false;
  text.supportHtml = false;
  return text;
}
