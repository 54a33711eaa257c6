import * as vscode from 'vscode';
import { ABSENCE_MS, AWAY_MS } from './absence.ts';

const KEY = 'presence.seenAt';
/** How often (ms) a focused window notes that somebody is there. */
const NOTE_MS = 5 * 60_000;

/** Knows whether somebody looks at VS Code: by the focus of its windows, which each of them notes for all. */
export class Presence implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #returned: (awaySince: number) => void;
  readonly #listener: vscode.Disposable;
  readonly #timer: NodeJS.Timeout;

  /** `returned` is called when somebody comes back after an absence, with its beginning (wall time, ms). */
  constructor(state: vscode.Memento, returned: (awaySince: number) => void) {
    this.#state = state;
    this.#returned = returned;
    this.#listener = vscode.window.onDidChangeWindowState(() => this.#look());
    this.#timer = setInterval(() => this.#look(), NOTE_MS);
    this.#look();
  }

  /** Nobody has looked for a while: what is shown now is seen by nobody. */
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

  /** When somebody looked last; now, if nobody has ever noted it. */
  get #seenAt(): number {
    return this.#state.get<number>(KEY) ?? Date.now();
  }
}
