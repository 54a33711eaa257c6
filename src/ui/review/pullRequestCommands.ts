import * as vscode from 'vscode';
import type { PushRemote } from '../../core/ports/workTrees.ts';
import type { CommandTable } from '../commands/commandTable.ts';
import { askItem, BACK } from '../commands/prompts.ts';
import { oneLine, withoutLinks } from '../text/safeText.ts';
import { pushDetail, pushQuestion } from './pushText.ts';
import { found } from './reviewCommands.ts';
import { workHere } from './workHere.ts';

const TITLE = 'Create Pull Request';
const PUSH = 'Push';

/** Bringing work home through the host of the repository (R12.4). */
export const pullRequestCommands: CommandTable = {
  /**
   * Pushes the branch of a loop once its user has confirmed branch and remote, and opens the page for a pull request.
   * Returns remote and branch; undefined where nothing was pushed.
   */
  createPullRequest:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, TITLE);
      if (!loop) return undefined;
      const name = oneLine(loop.title, 60) || loop.loopId;
      const workTrees = await workHere(ctx, loop);
      const plan = await workTrees.planPush(loop);
      if (plan.kind === 'blocked') {
        void vscode.window.showWarningMessage(withoutLinks(`“${name}” was not pushed: ${plan.message}`));
        return undefined;
      }
      const remote = await chosen(plan.remotes);
      if (!remote) return undefined;
      const modal = { modal: true, detail: pushDetail(plan, remote) };
      if ((await vscode.window.showWarningMessage(pushQuestion(plan, remote), modal, PUSH)) !== PUSH) return undefined;
      const pushing = { location: vscode.ProgressLocation.Notification, title: `Pushing “${name}” to ${remote.name}` };
      const result = await vscode.window.withProgress(pushing, () => workTrees.push(loop, remote.name));
      if (result.kind === 'refused') {
        void vscode.window.showErrorMessage(withoutLinks(`“${name}” was not pushed: ${result.message}`));
        return undefined;
      }
      await tell(`Pushed ${plan.branch} to ${remote.name}.`, result.page);
      return { remote: remote.name, branch: plan.branch };
    },
};

async function chosen(remotes: readonly PushRemote[]): Promise<PushRemote | undefined> {
  if (remotes.length <= 1) return remotes[0];
  const items = remotes.map((remote) => ({ label: remote.name, description: remote.address, remote }));
  const item = await askItem({ title: TITLE, placeholder: 'The remote to push the branch to', items });
  return item === BACK ? undefined : item?.remote;
}

async function tell(pushed: string, page: string | undefined): Promise<void> {
  if (page === undefined) {
    const text = `${pushed} Write the pull request on the page of the repository.`;
    void vscode.window.showInformationMessage(withoutLinks(text));
    return;
  }
  const isOpen = await vscode.env.openExternal(vscode.Uri.parse(page, true));
  const open = 'Open Page';
  const text = isOpen ? `${pushed} Write the pull request on the page that opened.` : `${pushed} ${page}`;
  void vscode.window.showInformationMessage(withoutLinks(text), open).then((answer) => {
    if (answer === open) void vscode.env.openExternal(vscode.Uri.parse(page, true));
  });
}
