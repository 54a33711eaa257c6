import * as vscode from 'vscode';

/** The answer when the user goes back a step. */
export const BACK = Symbol('back');

/** Where a question stands in a sequence. */
export interface Place {
  readonly title: string;
  readonly step?: number;
  readonly totalSteps?: number;
  /** Whether there is a step to go back to. */
  readonly back?: boolean;
}

/** A question for a line of text. */
export interface TextQuestion extends Place {
  readonly value?: string;
  readonly prompt: string;
  readonly placeholder?: string;
  /** What is wrong with an answer; undefined when nothing is. */
  validate?(value: string): string | undefined;
  /** Buttons besides *Back*; one that is pressed is the answer. */
  readonly buttons?: readonly vscode.QuickInputButton[];
  /** Called with what stands in the field when it closes, whether that is the answer or not. */
  onClose?(value: string): void;
}

export type TextAnswer = string | typeof BACK | vscode.QuickInputButton | undefined;

/** Asks for a line of text. `undefined`: the user has gone away. */
export function askText(question: TextQuestion): Promise<TextAnswer> {
  const input = vscode.window.createInputBox();
  input.title = question.title;
  input.step = question.step;
  input.totalSteps = question.totalSteps;
  input.value = question.value ?? '';
  input.prompt = question.prompt;
  input.placeholder = question.placeholder;
  input.ignoreFocusOut = true;
  input.buttons = [...(question.back ? [vscode.QuickInputButtons.Back] : []), ...(question.buttons ?? [])];
  const check = () => {
    input.validationMessage = question.validate?.(input.value);
    return input.validationMessage === undefined;
  };
  return new Promise((resolve) => {
    input.onDidTriggerButton((button) => settle(button === vscode.QuickInputButtons.Back ? BACK : button));
    // An answer is found wrong when it is given, or when it was found wrong before: not while it is still being typed.
    input.onDidChangeValue(() => {
      if (input.validationMessage !== undefined) check();
    });
    input.onDidAccept(() => {
      if (check()) settle(input.value);
    });
    input.onDidHide(() => settle(undefined));
    input.show();
    let open = true;
    function settle(answer: TextAnswer): void {
      // Closing it hides it, which is told too.
      if (!open) return;
      open = false;
      question.onClose?.(input.value);
      resolve(answer);
      input.dispose();
    }
  });
}

/** A question for one of several items. */
export interface ItemQuestion<T extends vscode.QuickPickItem> extends Place {
  readonly items: readonly T[];
  readonly placeholder: string;
  /** The item that is chosen by just pressing Enter. */
  readonly active?: T | undefined;
  readonly matchOnDetail?: boolean;
  readonly ignoreFocusOut?: boolean;
  /** Called when a button of an item is pressed; answering true closes the list. */
  onItemButton?(item: T, button: vscode.QuickInputButton): boolean | Promise<boolean>;
  /**
   * Called once the list is open: puts items with more to say in the place of the same number of items. The list is marked as busy until
   * it settles.
   */
  fill?(show: (items: readonly T[]) => void): Promise<void>;
}

/** Asks for one of several items. `undefined`: the user has gone away. */
export function askItem<T extends vscode.QuickPickItem>(
  question: ItemQuestion<T>,
): Promise<T | typeof BACK | undefined> {
  const pick = vscode.window.createQuickPick<T>();
  pick.title = question.title;
  pick.step = question.step;
  pick.totalSteps = question.totalSteps;
  pick.items = question.items;
  pick.placeholder = question.placeholder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = question.matchOnDetail ?? true;
  pick.ignoreFocusOut = question.ignoreFocusOut ?? false;
  if (question.active) pick.activeItems = [question.active];
  if (question.back) pick.buttons = [vscode.QuickInputButtons.Back];
  return new Promise((resolve, reject) => {
    let open = true;
    pick.onDidTriggerButton(() => settle(BACK));
    pick.onDidTriggerItemButton(async ({ item, button }) => {
      if (await question.onItemButton?.(item, button)) settle(undefined);
    });
    pick.onDidAccept(() => settle(pick.selectedItems[0]));
    pick.onDidHide(() => settle(undefined));
    pick.show();
    if (question.fill) fill(question.fill);
    function settle(answer: T | typeof BACK | undefined): void {
      open = false;
      resolve(answer);
      pick.dispose();
    }
    function fill(into: NonNullable<typeof question.fill>): void {
      pick.busy = true;
      pick.keepScrollPosition = true;
      into((items) => {
        if (!open) return;
        // New items alone would take the user back to the first one.
        const [before] = pick.activeItems;
        const active = before && items[pick.items.indexOf(before)];
        pick.items = items;
        if (active) pick.activeItems = [active];
      }).then(
        () => {
          if (open) pick.busy = false;
        },
        (error) => {
          reject(error);
          settle(undefined);
        },
      );
    }
  });
}

/** One question of a sequence: takes what is known so far and answers more of it. */
export type Step<T> = (soFar: T, place: Place) => Promise<T | typeof BACK | undefined>;

/** Asks one question after the other, with a way back; what was answered is kept on the way back. `undefined`: the user has gone away. */
export async function askSteps<T>(title: string, start: T, steps: readonly Step<T>[]): Promise<T | undefined> {
  let soFar = start;
  for (let i = 0; i < steps.length; ) {
    const answer = await steps[i]?.(soFar, { title, step: i + 1, totalSteps: steps.length, back: i > 0 });
    if (answer === undefined) return undefined;
    if (answer === BACK) i = Math.max(0, i - 1);
    else {
      soFar = answer;
      i++;
    }
  }
  return soFar;
}
