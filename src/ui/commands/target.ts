import * as vscode from 'vscode';
import type { LiveLoop, LoopState } from '../../core/model/loop.ts';
import type { LiveView } from '../../core/model/status.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { describeFinished, describeLive, STATE_WORDS } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
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
  /** Narrows failed loops to those that were not cleared. */
  readonly permanent?: boolean;
}

const FINISHED_ASKED = 100;

/** The rows that a command was called on: from a menu of the view, or what is selected in it; nothing else. */
export function rowsOf(ctx: CommandContext, args: readonly unknown[]): readonly TreeRow[] {
  const called = calledOn(args);
  return called.kind === 'rows' ? called.rows : called.kind === 'selection' ? ctx.tree.selection() : [];
}

/**
 * The loops that a command was called on: their rows, ids, objects with a `loopId` and perhaps a `seq`; with nothing, the user is asked. Rows under a
 * loop are not meant: who presses Delete on an attempt has not asked for the end of its loop.
 */
export async function loopsOf(ctx: CommandContext, args: readonly unknown[], fitting: Fitting): Promise<CalledLoop[]> {
  const called = calledOn(args);
  switch (called.kind) {
    case 'rows':
    case 'selection':
      return subjectsOf(ctx, args, 'loop').map(({ loopId, seq }) => ({ loopId, seq }));
    case 'loops':
      return [...called.loops];
    default: {
      const asked = await askLoop(
        ctx,
        fitting,
        called.kind === 'lost' ? 'The list changed under the menu: choose the loop' : 'Choose a loop',
      );
      return asked === undefined ? [] : [asked];
    }
  }
}

/** The same for a command that acts on one loop. */
export async function loopOf(
  ctx: CommandContext,
  args: readonly unknown[],
  fitting: Fitting,
): Promise<CalledLoop | undefined> {
  return (await loopsOf(ctx, args, fitting))[0];
}

/** Ids for what can be done only with the latest loop of an id: one whose id a live loop has taken since is left out. */
export function latestIds(supervisor: Pick<Supervisor, 'live'>, loops: readonly CalledLoop[]): string[] {
  const live = new Map(supervisor.live().map(({ loop }) => [loop.loopId, loop.seq]));
  const latest = loops.filter(({ loopId, seq }) => seq === undefined || (live.get(loopId) ?? seq) === seq);
  return [...new Set(latest.map(({ loopId }) => loopId))];
}

/** Rows of one kind among those that a command was called on. */
export function subjectsOf<K extends RowSubject['kind']>(
  ctx: CommandContext,
  args: readonly unknown[],
  kind: K,
): Extract<RowSubject, { kind: K }>[] {
  return rowsOf(ctx, args).flatMap(({ subject }) =>
    subject.kind === kind ? [subject as Extract<RowSubject, { kind: K }>] : [],
  );
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
    void vscode.window.showInformationMessage(
      `There is no loop to choose. ${fitting.title} takes loops that are ${listWords(fitting)}.`,
    );
    return undefined;
  }
  const answer = await askItem({ title: fitting.title, placeholder, items });
  return answer === undefined || answer === BACK ? undefined : { loopId: answer.loop.loopId, seq: answer.loop.seq };
}

function labelOf(loop: Pick<LiveLoop, 'title' | 'loopId'>): string {
  return oneLine(loop.title, 80) || loop.loopId;
}

function listWords({ states }: Fitting): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(states.map((state) => STATE_WORDS[state]));
}
