import { isFinished, type Loop, type LoopState } from '../core/model/loop.ts';
import type { LiveView } from '../core/model/status.ts';
import { formatClock, formatCost, formatDuration } from '../ui/text/format.ts';
import { ALL_STATES } from '../ui/text/loopStates.ts';
import { askedBy } from '../ui/text/loopText.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { listSchema } from './listSchema.ts';
import { loopJson } from './loopJson.ts';
import type { Output } from './output.ts';

const FINISHED = ['completed', 'failed', 'cancelled'] as const;

/** What `loops list` was asked for. */
export interface ListOptions {
  readonly all?: boolean;
  readonly state?: readonly LoopState[];
  readonly ids?: boolean;
  readonly limit: number;
}

/** Where `loops list` finds loops. */
export interface LoopSource {
  live(maxQueued: number): readonly LiveView[];
  finished(query: { readonly limit: number; readonly states: (typeof FINISHED)[number][] }): Promise<readonly Loop[]>;
}

/** A live loop with its place, or a finished one. */
interface ListedLoop extends Pick<LiveView, 'position' | 'waitingFor'> {
  readonly loop: Loop;
}

/** How many are listed at most, unless a call says otherwise. */
export const USUAL_LIMIT = 50;

/** The states named in a comma-separated list; or the first word that is not one. */
export function readStates(text: string): LoopState[] | { readonly unknown: string } {
  const states: LoopState[] = [];
  for (const name of text.split(',')) {
    const known = ALL_STATES.find((state) => state === name.trim());
    if (!known) return { unknown: name };
    states.push(known);
  }
  return states;
}

/** Lists loops (R15.3). `now`: wall time, ms. */
export async function listLoops(
  source: LoopSource,
  { all, state, ids, limit }: ListOptions,
  output: Output,
  now: number,
): Promise<ExitCode> {
  const isWanted = (name: LoopState) => (state === undefined ? true : state.includes(name));
  const live = source.live(limit + 1).filter(({ loop }) => isWanted(loop.state));
  const states = FINISHED.filter(isWanted);
  const wantsFinished = (all ?? state?.some((name) => states.some((one) => one === name))) === true;
  const room = Math.max(0, limit + 1 - live.length);
  const finished = wantsFinished && room > 0 ? await source.finished({ limit: room, states }) : [];
  const views: readonly ListedLoop[] = [...live, ...finished.map((loop) => ({ loop }))];
  const shown = views.slice(0, limit);
  if (output.isJson)
    return output.json(listSchema, {
      loops: shown.map((view) => loopJson(view.loop, view)),
      more: views.length > limit,
    });
  if (ids) {
    output.raw(shown.map(({ loop }) => `${loop.loopId}\n`).join(''));
    return EXIT.ok;
  }
  if (shown.length === 0) {
    output.progress(wantsFinished ? 'No loops.' : 'No live loops. `loops list --all` shows finished ones.');
    return EXIT.ok;
  }
  output.table(
    ['ID', 'STATE', 'TIME', 'COST', 'AGENT', 'TITLE'],
    shown.map((view) => rowOf(view, now)),
  );
  if (views.length > limit) output.progress('There are more: --limit says how many are listed.');
  return EXIT.ok;
}

function rowOf(view: ListedLoop, now: number): readonly string[] {
  const { loop } = view;
  const json = loopJson(loop, view);
  const place = json.position === undefined ? '' : ` ${json.position}`;
  const asks = askedBy(loop) === undefined ? '' : ', asks';
  const time = isFinished(loop) ? formatClock(loop.finishedAt, now) : formatDuration(now - loop.since);
  const why = json.reason === undefined || json.reason === 'slot' ? '' : ` (${json.reason})`;
  return [loop.loopId, `${loop.state}${place}${asks}`, time, formatCost(loop), loop.agent, `${loop.title}${why}`];
}
