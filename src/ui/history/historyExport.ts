import type { FinishedLoop } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import { toUsd } from '../../core/model/money.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { csvLine } from './csv.ts';
import type { HistoryQuery } from './historyQuery.ts';

export type ExportFormat = 'json' | 'csv';

/** What an export reads. */
export type ExportSource = Pick<Supervisor, 'finished' | 'get'>;

const PAGE = 200;

const COLUMNS = [
  'loopId',
  'title',
  'agent',
  'state',
  'submittedAt',
  'finishedAt',
  'attempts',
  'ranSeconds',
  'costUsd',
  'costEstimatedUsd',
  'costUnknownUsd',
  'costAtLeast',
  'reason',
  'cwd',
  'prompt',
] as const;

/** Characters of a prompt in a cell, below the limit of spreadsheets (32,767). */
const PROMPT_IN_CELL = 2_000;

/**
 * The finished loops that a query matches, newest first, as chunks of text: JSON with all details (attempts, history,
 * cost rows, whole prompt), or CSV with a row per loop. Reads a page at a time; stop iterating to end it.
 */
export async function* exportHistory(
  source: ExportSource,
  query: HistoryQuery,
  format: ExportFormat,
): AsyncGenerator<string> {
  // The byte order mark marks this as UTF-8 for spreadsheets.
  yield format === 'json' ? '[' : `\ufeff${csvLine(COLUMNS)}`;
  let separator = '\n';
  for await (const loop of pages(source, query)) {
    const detail = await source.get(loop.loopId, loop.seq);
    if (!detail) continue;
    if (format === 'csv') yield csvRow(loop, detail);
    else {
      yield separator + JSON.stringify(jsonLoop(loop, detail));
      separator = ',\n';
    }
  }
  if (format === 'json') yield '\n]\n';
}

/** A page at a time of the loops finished at the start, so that later ones do not shift the pages. */
async function* pages(source: ExportSource, query: HistoryQuery): AsyncGenerator<FinishedLoop> {
  let before = query.before;
  for (let offset = 0; ; offset += PAGE) {
    const page = await source.finished({ ...query, ...(before !== undefined && { before }), limit: PAGE, offset });
    before ??= (page[0]?.finishedAt ?? 0) + 1;
    yield* page;
    if (page.length < PAGE) return;
    // Leaves the extension host's thread free between pages.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function csvRow(loop: FinishedLoop, { attempts, prompt }: LoopDetail): string {
  const ranMs = attempts.reduce((sum, { startedAt, endedAt = startedAt }) => sum + Math.max(0, endedAt - startedAt), 0);
  return csvLine([
    loop.loopId,
    loop.title,
    loop.agent,
    loop.state,
    iso(loop.submittedAt),
    iso(loop.finishedAt),
    loop.attempts,
    Math.round(ranMs / 1000),
    toUsd(loop.cost),
    toUsd(loop.costEstimated),
    toUsd(loop.costUnknown),
    String(loop.costAtLeast),
    loop.state === 'failed' ? loop.failure.reason : undefined,
    loop.cwd,
    prompt.slice(0, PROMPT_IN_CELL),
  ]);
}

function jsonLoop(loop: FinishedLoop, { attempts, history, ledger, prompt }: LoopDetail): object {
  return {
    loopId: loop.loopId,
    title: loop.title,
    agent: loop.agent,
    cwd: loop.cwd,
    state: loop.state,
    priority: loop.priority,
    submittedAt: iso(loop.submittedAt),
    finishedAt: iso(loop.finishedAt),
    costUsd: toUsd(loop.cost),
    costEstimatedUsd: toUsd(loop.costEstimated),
    costUnknownUsd: toUsd(loop.costUnknown),
    costAtLeast: loop.costAtLeast,
    estimateUsd: toUsd(loop.estimate),
    ...(loop.state === 'failed' && { failure: { class: loop.failure.class, reason: loop.failure.reason } }),
    ...(loop.metadata && { metadata: loop.metadata }),
    prompt,
    attempts: attempts.map(({ token: _token, startedAt, endedAt, ...attempt }) => ({
      ...attempt,
      startedAt: iso(startedAt),
      ...(endedAt !== undefined && { endedAt: iso(endedAt) }),
    })),
    costs: ledger.map(({ at, cost, source }) => ({ at: iso(at), usd: toUsd(cost), source })),
    history: history.map(({ at, ...row }) => ({ at: iso(at), ...row })),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
