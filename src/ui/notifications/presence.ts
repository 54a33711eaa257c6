import * as vscode from 'vscode';
import { ABSENCE_MS, AWAY_MS } from './absence.ts';

const KEY = 'presence.seenAt';
/** How often (ms) a focused window records that the user is present. */
const NOTE_MS = 5 * 60_000;

/** Tracks whether the user looks at VS Code: each window records its focus for all windows. */
export class Presence implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #returned: (awaySince: number) => void;
  readonly #listener: vscode.Disposable;
  readonly #timer: NodeJS.Timeout;

  /** `returned` is called after an absence, with its start (wall time, ms). */
  constructor(state: vscode.Memento, returned: (awaySince: number) => void) {
    this.#state = state;
    this.#returned = returned;
    this.#listener = vscode.window.onDidChangeWindowState(() => this.#look());
    this.#timer = setInterval(() => this.#look(), NOTE_MS);
    this.#look();
  }

  /** Whether the user has been away long enough to miss a notice shown now. */
  get isAway(): boolean {
    return !vscode.window.state.focused && Date.now() - this.#seenAt > AWAY_MS;
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#listener.dispose();
  }

  #look(): void {
    if (!vscode.window.state.focused) return;
    const now = Date.now();
    const seenAt = this.#seenAt;
    void this.#state.update(KEY, now);
    if (now - seenAt >= ABSENCE_MS) this.#returned(seenAt);
  }

  /** When the user was last present; now, if that was never recorded. */
  get #seenAt(): number {
    return this.#state.get<number>(KEY) ?? Date.now();
  }
}
