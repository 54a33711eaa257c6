import type { Check, CheckResult } from '../../core/model/check.ts';
import { isActive, isFinished, type Loop, needsUser } from '../../core/model/loop.ts';
import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import { toUsd } from '../../core/model/money.ts';
import { asksForMore, isAtRoundBound } from '../../core/model/needs.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { type Inquiry, openQuestions, type Question } from '../../core/model/question.ts';
import type { LiveView } from '../../core/model/status.ts';
import { ruleFor } from '../../core/policy/permissionRules.ts';
import { bestRound } from '../../core/policy/rounds.ts';
import { choicesOf, requestParts } from '../questions/requestText.ts';
import { visibleLine, visibleText } from '../questions/visibleText.ts';
import { changesText, outcomeText } from '../review/changesText.ts';
import { reasonOf } from '../text/loopText.ts';
import { lastWordsOf } from '../text/proofWords.ts';
import { oneLine } from '../text/safeText.ts';
import { cleanText } from '../webviewHost/cleanText.ts';
import type { AttemptRow, DetailData, ProcessRow, ProofData, QuestionData } from './protocol.ts';

const PROMPT_SHOWN = 20_000;
const ROWS_SHOWN = 300;

/**
 * The data of the details page. `view`: what only a live loop has. `isAlive`: which spared processes still exist.
 * `isDemo`: whether its costs are play money.
 */
export function detailData(
  detail: LoopDetail,
  view: LiveView | undefined,
  isAlive: (process: ProcessIdentity) => boolean,
  isDemo = false,
): DetailData {
  const { loop, prompt, attempts, ledger, history } = detail;
  const why = reasonOf(loop);
  const lastWords = lastWordsOf(detail);
  return {
    loopId: loop.loopId,
    seq: loop.seq,
    title: oneLine(loop.title, 200) || loop.loopId,
    state: loop.state,
    ...(needsUser(loop) && { needsYou: true as const }),
    ...(isAtRoundBound(loop) && { waitsFor: 'rounds' as const }),
    ...(asksForMore(loop) && { waitsFor: 'money' as const }),
    editable: loop.state === 'queued' && loop.attempts === 0,
    demo: isDemo,
    ...workOf(loop),
    since: isActive(loop) ? loop.attempt.startedAt : loop.since,
    ...('until' in loop && { until: loop.until }),
    ...(why !== undefined && { why: oneLine(why, 500) }),
    agent: loop.agent,
    cwd: loop.cwd,
    ...(detail.machine !== undefined && { machine: oneLine(detail.machine, 60) }),
    priority: loop.priority,
    ...(view?.position !== undefined && { position: view.position }),
    ...(view?.waitingFor !== undefined && { waitingFor: view.waitingFor }),
    ...(view && view.host !== 'here' && { host: view.host }),
    permanent: loop.state === 'failed' && !loop.cleared,
    submittedAt: loop.submittedAt,
    ...('finishedAt' in loop && { finishedAt: loop.finishedAt }),
    estimateUsd: toUsd(loop.estimate),
    estimateAssumed: loop.estimateAssumed,
    ...(loop.maxCost !== undefined && { maxCostUsd: toUsd(loop.maxCost) }),
    costUsd: detail.costUsd,
    costEstimated: loop.costEstimated <= 0 ? 'none' : loop.costEstimated < loop.cost ? 'part' : 'all',
    costUnknownUsd: detail.unknownUsd,
    costAtLeast: detail.costAtLeast,
    reservedUsd: detail.reservedUsd,
    restarts: loop.restarts.length,
    ...(loop.metadata && { metadata: loop.metadata }),
    prompt: cleanText(prompt.slice(0, PROMPT_SHOWN)),
    promptMore: Math.max(0, prompt.length - PROMPT_SHOWN),
    questions: isFinished(loop) ? [] : openQuestions(loop).map((question) => questionData(question, loop.cwd)),
    ...(lastWords !== undefined && { lastWords: cleanText(lastWords) }),
    ...(loop.check && { proof: proofOf(loop.check, detail.checks) }),
    attempts: attempts.map((attempt) => attemptRow(attempt, isAlive)),
    costs: ledger
      .slice(-ROWS_SHOWN)
      .map(({ at, cost, source }) => ({ at, usd: toUsd(cost), source }))
      .reverse(),
    costsMore: Math.max(0, ledger.length - ROWS_SHOWN),
    history: history
      .slice(-ROWS_SHOWN)
      .map(({ at, from, to, why: reason }) => ({ at, from, to, why: oneLine(reason, 500) }))
      .reverse(),
    historyMore: Math.max(0, history.length - ROWS_SHOWN),
  };
}

function questionData(question: Question, folder: string): QuestionData {
  const { id, request } = question;
  return {
    id,
    parts: requestParts(request),
    choices: choicesOf(question),
    canRemember: ruleFor(request, folder) !== undefined,
    ...(request.inquiries && { inquiries: request.inquiries.map(inquiryData) }),
  };
}

function inquiryData({ text, options, multiple }: Inquiry): NonNullable<QuestionData['inquiries']>[number] {
  return {
    text: visibleText(text),
    options: options.map(({ label, about }) => ({
      ...{ shown: visibleLine(visibleText(label)), reply: label },
      ...(about !== undefined && { about: visibleText(about) }),
    })),
    multiple,
  };
}

/** What there is of its work (R12). */
function workOf(loop: Loop): Pick<DetailData, 'changes' | 'workTree' | 'canUseRounds'> {
  const changes = changesText(loop.changes);
  const workTree = loop.workTree?.made?.branch ?? outcomeText(loop);
  return {
    ...(changes !== '' && { changes }),
    ...(loop.workTree && { workTree: workTree || 'not made yet' }),
    canUseRounds: loop.workTree?.made !== undefined && !isActive(loop),
  };
}

function proofOf(check: Check, checks: readonly CheckResult[]): ProofData {
  const rounds = checks.map(({ round, outcome, exitCode, startedAt, endedAt, score }) => ({
    ...{ round, outcome, tookMs: Math.max(0, endedAt - startedAt) },
    ...(exitCode !== undefined && { exitCode }),
    ...(score !== undefined && { score }),
  }));
  const best = check.score && bestRound(checks, check.score);
  const command = cleanText(check.command);
  return { command, rounds, ...(best && { best: best.round }), output: cleanText(checks.at(-1)?.report ?? '') };
}

function attemptRow(
  {
    cost,
    token: _token,
    lastWords: _words,
    swept,
    kept,
    remaining,
    reason,
    treeBefore,
    treeAfter,
    ...attempt
  }: AttemptDetail,
  isAlive: (process: ProcessIdentity) => boolean,
): AttemptRow {
  return {
    ...attempt,
    ...(reason !== undefined && { reason: cleanText(reason.slice(0, 4_000)) }),
    ...(treeBefore !== undefined && treeAfter !== undefined && { hasChanges: true as const }),
    usd: cost.usd,
    costSource: cost.source,
    atLeast: cost.atLeast,
    swept: swept.map(processRow),
    kept: kept.map((process) => ({ ...processRow(process), alive: isAlive(process) })),
    remaining: remaining.map(processRow),
  };
}

function processRow({ pid, command }: ProcessRow): ProcessRow {
  return { pid, command: oneLine(command, 300) };
}
