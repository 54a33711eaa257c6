import * as vscode from 'vscode';
import type { LiveLoop, LoopState } from '../../core/model/loop.ts';
import type { LiveView } from '../../core/model/status.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { describeFinished, describeLive } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
import { STATE_WORDS } from '../text/stateText.ts';
import type { RowSubject, TreeRow } from '../tree/treeRow.ts';
import { type CalledLoop, calledOn } from './calledOn.ts';
import type { CommandContext } from './commandTable.ts';
import { askItem, BACK } from './prompts.ts';

/** Which loops a command is for. */
export interface Fitting {
  /** The title of the list that asks for one. */
  readonly title: string;
  readonly states: readonly LoopState[];
  /** Narrows live loops further. */
  live?(view: LiveView): boolean;
  /** Narrows failed loops to those that were not dismissed. */
  readonly permanent?: boolean;
}

const FINISHED_ASKED = 100;

/** The rows that a command was called on, from a menu of the view or by a key pressed in it; nothing else. */
export async function rowsOf(ctx: CommandContext, args: readonly unknown[]): Promise<readonly TreeRow[]> {
  const called = calledOn(args);
  return called.kind === 'rows' ? called.rows : called.kind === 'keyboard' ? ctx.tree.underKeyboard() : [];
}

/**
 * The loops that a command was called on: their rows, ids, or objects with a `loopId` and perhaps a `seq`; without any,
 * the user is asked. A row under a loop does not stand for the loop: Delete on an attempt does not ask for the end of
 * its loop.
 */
export async function loopsOf(ctx: CommandContext, args: readonly unknown[], fitting: Fitting): Promise<CalledLoop[]> {
  const called = calledOn(args);
  switch (called.kind) {
    case 'rows':
    case 'keyboard': {
      const loops = loopRows(await rowsOf(ctx, args), fitting);
      if (loops.length === 0 && called.kind === 'keyboard') sayNothingFits(fitting);
      return loops;
    }
    case 'loops':
      return [...called.loops];
    default: {
      const asked = await askLoop(
        ctx,
        fitting,
        called.kind === 'lost' ? 'The list changed while the menu was open. Choose the loop' : 'Choose a loop',
      );
      return asked === undefined ? [] : [asked];
    }
  }
}

/** The same for commands on one loop. */
export async function loopOf(
  ctx: CommandContext,
  args: readonly unknown[],
  fitting: Fitting,
): Promise<CalledLoop | undefined> {
  return (await loopsOf(ctx, args, fitting))[0];
}

/** Ids for commands that act on the latest loop of an id: rows whose id a newer loop has taken are left out. */
export function latestIds(supervisor: Pick<Supervisor, 'live'>, loops: readonly CalledLoop[]): string[] {
  const live = new Map(supervisor.live().map(({ loop }) => [loop.loopId, loop.seq]));
  const latest = loops.filter(({ loopId, seq }) => seq === undefined || (live.get(loopId) ?? seq) === seq);
  return [...new Set(latest.map(({ loopId }) => loopId))];
}

/** Rows of one kind among those that a command was called on. */
export async function subjectsOf<K extends RowSubject['kind']>(
  ctx: CommandContext,
  args: readonly unknown[],
  kind: K,
): Promise<Extract<RowSubject, { kind: K }>[]> {
  return (await rowsOf(ctx, args)).flatMap(({ subject }) =>
    subject.kind === kind ? [subject as Extract<RowSubject, { kind: K }>] : [],
  );
}

/** The loops among these rows whose state fits: a key acts on nothing else, and a menu is not offered elsewhere. */
function loopRows(rows: readonly TreeRow[], { states }: Fitting): CalledLoop[] {
  return rows.flatMap(({ subject, context }) => {
    const [, state] = context.split(' ');
    if (subject.kind !== 'loop' || !states.includes(state as LoopState)) return [];
    return [{ loopId: subject.loopId, seq: subject.seq }];
  });
}

async function askLoop(ctx: CommandContext, fitting: Fitting, placeholder: string): Promise<CalledLoop | undefined> {
  const supervisor = await ctx.host.ready();
  const now = Date.now();
  const live = supervisor
    .live()
    .filter((view) => fitting.states.includes(view.loop.state) && (fitting.live?.(view) ?? true));
  const states = (['completed', 'failed', 'cancelled'] as const).filter((state) => fitting.states.includes(state));
  const finished = states.length === 0 ? [] : await supervisor.finished({ limit: FINISHED_ASKED, states });
  const items = [
    ...live.map((view) => ({
      label: labelOf(view.loop),
      description: STATE_WORDS[view.loop.state],
      detail: describeLive(view, now).description,
      loop: view.loop,
    })),
    ...finished
      .filter((loop) => !fitting.permanent || (loop.state === 'failed' && !loop.cleared))
      .map((loop) => ({
        label: labelOf(loop),
        description: STATE_WORDS[loop.state],
        detail: describeFinished(loop, now).description,
        loop,
      })),
  ];
  if (items.length === 0) {
    sayNothingFits(fitting);
    return undefined;
  }
  const answer = await askItem({ title: fitting.title, placeholder, items });
  return answer === undefined || answer === BACK ? undefined : { loopId: answer.loop.loopId, seq: answer.loop.seq };
}

function labelOf(loop: Pick<LiveLoop, 'title' | 'loopId'>): string {
  return oneLine(loop.title, 80) || loop.loopId;
}

function sayNothingFits({ title, states }: Fitting): void {
  const words = new Set(states.map((state) => STATE_WORDS[state]));
  const list = new Intl.ListFormat('en', { type: 'disjunction' }).format(words);
  void vscode.window.showInformationMessage(`No loop to act on. ${title} is for loops that are ${list}.`);
}
