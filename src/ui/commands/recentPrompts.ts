import * as vscode from 'vscode';
import type { Loop } from '../../core/model/loop.ts';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import { baseName, formatClock } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import { STATE_WORDS } from '../text/stateText.ts';
import type { CommandContext } from './commandTable.ts';
import { writeInEditor } from './promptEditor.ts';
import { askItem, BACK } from './prompts.ts';

const SHOWN = 50;

/**
 * Lists the prompts of the last loops, each text once. Returns the one to submit again; the pencil opens one in an
 * editor instead.
 */
export async function askRecentPrompt(ctx: CommandContext): Promise<LoopSpec | undefined> {
  const supervisor = await ctx.host.ready();
  const live = supervisor.live().map(({ loop }): Loop => loop);
  const finished = await supervisor.finished({ limit: SHOWN });
  const loops = [...live, ...finished].toSorted((a, b) => b.submittedAt - a.submittedAt).slice(0, SHOWN);
  const details = await Promise.all(loops.map(({ loopId }) => supervisor.get(loopId)));
  const pencil = { iconPath: new vscode.ThemeIcon('edit'), tooltip: 'Edit before Submitting' };
  const now = Date.now();
  const items = new Map<string, vscode.QuickPickItem & { readonly spec: LoopSpec }>();
  for (const [index, { loopId, title, agent, cwd, state, submittedAt }] of loops.entries()) {
    const prompt = details[index]?.prompt;
    if (prompt === undefined || items.has(prompt)) continue;
    const label = oneLine(title, 80) || loopId;
    const detail = oneLine(prompt, 200);
    items.set(prompt, {
      label,
      // The name of the folder may be long, and the end of a row is cut off.
      description: `${STATE_WORDS[state]} · ${formatClock(submittedAt, now)} · ${agent} · ${baseName(cwd)}`,
      ...(detail !== label && { detail }),
      buttons: [pencil],
      spec: { prompt, agent, cwd, title },
    });
  }
  if (items.size === 0) {
    void vscode.window.showInformationMessage('There is no recent prompt yet.');
    return undefined;
  }
  const answer = await askItem({
    title: 'Submit Recent Prompt',
    placeholder: 'Choose a prompt to submit again, or press its pencil to change it first',
    items: [...items.values()],
    onItemButton: async (item) => {
      const { prompt, ...options } = item.spec;
      await writeInEditor(ctx, prompt, options);
      return true;
    },
  });
  return answer === undefined || answer === BACK ? undefined : answer.spec;
}
