import * as vscode from 'vscode';

/** How long (ms) the active item must not have changed before the items of a list are replaced. */
const STILL_MS = 250;

/** The result when the user goes back a step. */
export const BACK = Symbol('back');

/** The position of a question in a sequence. */
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
  /** The problem with an answer; undefined if it is valid. */
  validate?(value: string): string | undefined;
  /** Buttons besides *Back*; one that is pressed is the answer. */
  readonly buttons?: readonly vscode.QuickInputButton[];
  /** Called with the text of the field when it closes, however it closes. */
  onClose?(value: string): void;
}

export type TextAnswer = string | typeof BACK | vscode.QuickInputButton | undefined;

/** Asks for a line of text. `undefined`: the user dismissed it. */
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
    // Validate on Enter, and while typing only after a first failure.
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
      // Accepting also fires `onDidHide`.
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
  /** The item that Enter accepts at first. */
  readonly active?: T | undefined;
  readonly matchOnDetail?: boolean;
  readonly ignoreFocusOut?: boolean;
  /** Called when a button of an item is pressed; returning true closes the list. */
  onItemButton?(item: T, button: vscode.QuickInputButton): boolean | Promise<boolean>;
  /**
   * Called once the list is open: replaces the items by the same number of more detailed ones. The list shows progress
   * until it settles.
   */
  fill?(show: (items: readonly T[]) => void): Promise<void>;
}

/** Asks for one of several items. `undefined`: the user dismissed it. */
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
      let movedAt = 0;
      let newest: readonly T[] | undefined;
      pick.onDidChangeActive(() => {
        movedAt = Date.now();
      });
      /** Shows the newest items as soon as the user has paused: replacing them undoes a move that is on its way. */
      const replace = () => {
        if (!open || !newest) return;
        const pause = movedAt + STILL_MS - Date.now();
        if (pause > 0) {
          setTimeout(replace, pause);
          return;
        }
        // Replacing items resets the active one to the first.
        const [before] = pick.activeItems;
        const active = before && newest[pick.items.indexOf(before)];
        pick.items = newest;
        if (active) pick.activeItems = [active];
        newest = undefined;
      };
      into((items) => {
        const isDue = newest !== undefined;
        newest = items;
        if (!isDue) replace();
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

/** One question of a sequence: takes the answers so far and returns them with its own. */
export type Step<T> = (soFar: T, place: Place) => Promise<T | typeof BACK | undefined>;

/** Asks questions in sequence; going back keeps the answers. `undefined`: dismissed. */
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
