import * as vscode from 'vscode';
import type { KeptWorkTree } from '../../core/runtime/workTreeTidy.ts';
import type { CommandTable } from '../commands/commandTable.ts';
import { baseName, count, formatClock } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import { sizeWord } from '../webviewHost/sizeWord.ts';
import { confirmLoss, lossText } from './confirmLoss.ts';

const TITLE = 'Clean Up Work Trees';

interface Item extends vscode.QuickPickItem {
  readonly tree: KeptWorkTree;
}

/** Keeping work trees within bounds (R12.6). */
export const cleanUpCommands: CommandTable = {
  /** Lists the work trees of ended loops with what they take, and removes those that are chosen. Returns how many. */
  cleanUpWorkTrees: (ctx) => async () => {
    const { tidy } = await (await ctx.host.ready()).workTrees();
    const looking = { location: vscode.ProgressLocation.Window, title: 'Looking at the work trees of loops' };
    const { removable, totalBytes } = await vscode.window.withProgress(looking, () => tidy.look());
    if (removable.length === 0) {
      const rest = totalBytes > 0 ? ` Those of live loops take ${sizeWord(totalBytes)}.` : '';
      void vscode.window.showInformationMessage(`No work tree is left of a loop that has ended.${rest}`);
      return 0;
    }
    const chosen = await vscode.window.showQuickPick(removable.map(itemOf), {
      title: `${TITLE}: ${sizeWord(totalBytes)} in all`,
      placeHolder: 'They are removed; what they hold stays on their branches',
      canPickMany: true,
      matchOnDetail: true,
    });
    if (!chosen || chosen.length === 0) return 0;
    const trees = chosen.map(({ tree }) => tree);
    const ignored = trees.flatMap(({ unsaved }) => unsaved?.ignored ?? []);
    if (!(await confirmLoss(`Remove ${count(trees.length, 'work tree')}?`, { ignored }, 'Remove'))) return 0;
    const branches = await tidy.remove(trees.map(({ path }) => path));
    const freed = trees.reduce((sum, { bytes }) => sum + bytes, 0);
    const left = branches.length > 0 ? ` Their work is on ${branches.slice(0, 3).join(', ')}.` : '';
    const text = `Removed ${count(trees.length, 'work tree')}, ${sizeWord(freed)}.${left}`;
    void vscode.window.showInformationMessage(text);
    return trees.length;
  },
};

function itemOf(tree: KeptWorkTree): Item {
  const { loop, path, bytes, branch, unsaved } = tree;
  const ended = loop ? `${loop.state} ${formatClock(loop.finishedAt, Date.now())}` : 'its loop is no longer known';
  const lost = unsaved ? lossText(unsaved).replaceAll('\n', ' · ') : 'its repository is gone';
  return {
    label: oneLine(loop?.title ?? baseName(path), 60),
    description: `${sizeWord(bytes)} · ${ended}`,
    detail: [branch, lost || 'nothing that exists only here'].filter(Boolean).join(' · '),
    // What only Git could bring back is not selected by default.
    picked: unsaved !== undefined && unsaved.ignored.length === 0,
    tree,
  };
}
