import * as vscode from 'vscode';
import { until } from '../support/until.ts';

const ACCEPT = 'workbench.action.acceptSelectedQuickOpenItem';

/**
 * Has the questions of a command answered in their order, in VS Code's own inputs and lists: an answer is the text, or
 * the beginning of an item's label. `said`: the messages that it shows meanwhile.
 */
export function answerInOrder(answers: readonly string[]): { readonly said: readonly string[]; restore(): void } {
  const { window } = vscode;
  const { createInputBox, createQuickPick, showInputBox, showInformationMessage } = window;
  const left = [...answers];
  const said: string[] = [];
  const next = () => {
    const answer = left.shift();
    if (answer === undefined) throw new Error('The command asks more than it was to be answered.');
    return answer;
  };

  /** Shows a question; once it is `ready` accepts what stands in it, again until it has been taken. */
  const answerIn = (input: vscode.QuickInput, ready: () => boolean) => {
    let isOpen = true;
    input.onDidHide(() => {
      isOpen = false;
    });
    const show = input.show.bind(input);
    input.show = () => {
      show();
      void until('an answer to be taken', async () => {
        if (isOpen && ready()) await vscode.commands.executeCommand(ACCEPT);
        return !isOpen;
      });
    };
  };

  window.createInputBox = () => {
    const input = createInputBox();
    const answer = next();
    answerIn(input, () => {
      if (input.value !== answer) input.value = answer;
      return true;
    });
    return input;
  };
  window.createQuickPick = <T extends vscode.QuickPickItem>() => {
    const pick = createQuickPick<T>();
    const answer = next();
    let active: T | undefined;
    pick.onDidChangeActive(([item]) => {
      active = item;
    });
    answerIn(pick, () => {
      const item = pick.items.find(({ label }) => label.replace(/^\$\([^)]*\) /, '').startsWith(answer));
      if (!item) throw new Error(`${answer} is not among ${pick.items.map(({ label }) => label).join(', ')}.`);
      // Enter on a list that is still empty closes it.
      if (active !== undefined && active !== item) pick.activeItems = [item];
      return active === item;
    });
    return pick;
  };
  window.showInputBox = async (options, token) => {
    let isOpen = true;
    const shown = Promise.resolve(showInputBox({ ...options, value: next() }, token)).finally(() => {
      isOpen = false;
    });
    void until('an answer to be taken', async () => {
      if (isOpen) await vscode.commands.executeCommand(ACCEPT);
      return !isOpen;
    });
    return shown;
  };
  Object.assign(window, {
    showInformationMessage: (message: string, ...rest: unknown[]) => {
      said.push(message);
      return Reflect.apply(showInformationMessage, window, [message, ...rest]);
    },
  });
  const restore = () =>
    void Object.assign(window, { createInputBox, createQuickPick, showInputBox, showInformationMessage });
  return { said, restore };
}
