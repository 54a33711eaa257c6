import { Alarm } from './alarm.ts';
import { carryOut } from './carryOut.ts';
import type { Disposable } from './clock.ts';
import type { SupervisorContext } from './context.ts';
import { FollowedRuns } from './followedRuns.ts';
import { Homes } from './homes.ts';
import { Listeners } from './listeners.ts';
import { Lookout } from './lookout.ts';
import { LiveMirror } from './mirror.ts';
import { RunBooks } from './runBooks.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

/** The parts that work for one window, and the order in which they do what follows from a turn: launches, signals, events, the next time to wake. */
export class Engine implements Disposable {
  readonly context: SupervisorContext;
  readonly mirror = new LiveMirror();
  readonly homes: Homes;
  readonly turns: Turns;
  readonly listeners: Listeners;
  readonly runs: FollowedRuns;
  readonly #books: RunBooks;
  readonly #lookout: Lookout;
  readonly #alarm: Alarm;
  #disposed = false;

  constructor(context: SupervisorContext) {
    const { mirror } = this;
    this.context = context;
    this.homes = new Homes(context, mirror);
    this.turns = new Turns(context, mirror, this.homes, (turn) => this.#committed(turn));
    this.listeners = new Listeners(context);
    this.#books = new RunBooks(context, mirror, this.turns, this.listeners);
    this.runs = new FollowedRuns(context, mirror, this.homes, this.#books);
    this.#lookout = new Lookout(context, mirror, this.homes, this.turns);
    this.#alarm = new Alarm(context, mirror, this.turns);
  }

  /** Begins to look for changes of other windows. The alarm has been set by the first turn. */
  begin(): void {
    this.#lookout.begin();
  }

  /** Lets go of all runs; they go on. */
  dispose(): void {
    this.#disposed = true;
    this.#alarm.dispose();
    this.#lookout.dispose();
    this.#books.dispose();
    this.runs.dispose();
    this.listeners.dispose();
  }

  #committed(turn: Turn): void {
    if (this.#disposed) return;
    for (const launch of turn.launches) this.runs.launch(launch);
    for (const effect of turn.effects) carryOut(this.context, effect, 'An order to a run could not be given.');
    this.runs.reconcile();
    for (const event of turn.events) this.listeners.tell(event);
    this.listeners.changed();
    this.#alarm.set(turn.waitsForDisk);
  }
}
