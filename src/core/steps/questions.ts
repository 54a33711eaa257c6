import { InvalidArgumentError, UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { type ActiveLoop, isActive, type LiveLoop } from '../model/loop.ts';
import {
  type Answer,
  type AskedQuestion,
  type Choice,
  type ChoiceKind,
  type GivenAnswer,
  NO_PERMITS,
  openQuestions,
  type Permits,
  type Question,
} from '../model/question.ts';
import { decidePermission } from '../policy/permissionRules.ts';
import {
  bounded,
  isSameRequest,
  LONGEST_COMMAND,
  plainLine,
  repliesTo,
  replyLine,
  requestLine,
} from '../policy/requests.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { requestStop } from './requestStop.ts';
import { requeue, wait } from './transitions.ts';

/**
 * Takes over which questions lie in the run folder of a loop's attempt (R17.1). New ones meet the rules first (R17.2);
 * those that are gone have been answered, or the agent asks no more.
 */
export function noteQuestions(unit: UnitOfWork, loop: ActiveLoop, asked: readonly AskedQuestion[]): void {
  const known = new Map((loop.asking ?? []).map((question) => [question.id, question]));
  const isSame = asked.length === known.size && asked.every(({ id }) => known.has(id));
  if (isSame) return;
  let { permits } = loop;
  const asking = asked.map((heard): Question => {
    const before = known.get(heard.id);
    if (before) return before;
    const question = { ...heard, request: bounded(heard.request) };
    const found = answerAtOnce(unit, loop, question, permits);
    permits = found?.permits ?? permits;
    return { ...question, at: unit.now, ...(found && { answer: found.answer }) };
  });
  unit.put(withAsking({ ...loop, ...(permits && { permits }) }, asking));
  for (const question of asking) {
    if (known.has(question.id)) continue;
    if (question.answer) noteAnswer(unit, loop, question, question.answer);
    else tellAsking(unit, loop, question);
  }
}

/** The answer that rules or an earlier answer give to a question; undefined where its user is to be asked. */
function answerAtOnce(
  unit: UnitOfWork,
  loop: ActiveLoop,
  { request, choices }: AskedQuestion,
  permits: Permits = NO_PERMITS,
): { readonly answer: Answer; readonly permits?: Permits } | undefined {
  const answer = (kind: ChoiceKind, by: Answer['by'], why: string): Answer | undefined => {
    const choice = choices.find((one) => one.kind === kind);
    const allow = isAllow(kind);
    return allow && !choice ? undefined : { ...(choice && { choice: choice.id }), allow, by, at: unit.now, why };
  };
  if ((request.command?.length ?? 0) > LONGEST_COMMAND) {
    const denied = answer('denyOnce', 'rule', 'a command that is too long to be shown whole is denied');
    return denied && { answer: denied };
  }
  const once = permits.once.find((one) => isSameRequest(one.request, request));
  const given = once && answer(once.kind, 'user', 'answered before its run was stopped');
  if (given) {
    const { replies } = once;
    const left = permits.once.filter((one) => one !== once);
    return { answer: { ...given, ...(replies && { replies }) }, permits: { ...permits, once: left } };
  }
  const { allow, ask, deny } = unit.context.settings.permissions;
  const { action, rule = '' } = decidePermission(request, { ask, deny, allow: [...permits.rules, ...allow] }, loop.cwd);
  if (action === 'ask') return undefined;
  const decided = answer(action === 'allow' ? 'allowOnce' : 'denyOnce', 'rule', `by the rule ${rule}`);
  return decided && { answer: decided };
}

/**
 * Answers a question of a loop, once (R17.1).
 *
 * @throws UnknownLoopError, WrongStateError or InvalidArgumentError; then nothing has changed.
 */
export function answer(unit: UnitOfWork, loopId: string, given: GivenAnswer): void {
  const { choice, question: id, rule } = given;
  const loop = unit.liveState.find(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  const question = questionOf(loop, id);
  const kind = choice === 'allow' ? 'allowOnce' : choice === 'deny' ? 'denyOnce' : undefined;
  // An agent may call any choice of its own `deny`.
  const isMeant = (one: Choice) => one.id === choice && (!kind || isAllow(one.kind) === isAllow(kind));
  const chosen = question.choices.find((one) => one.kind === kind) ?? question.choices.find(isMeant);
  if (!chosen && kind !== 'denyOnce') {
    const offered = plainLine(question.choices.map((one) => one.id).join(', '));
    throw new InvalidArgumentError('choice', `must be one that the agent offers (${offered}), but is ${choice}`);
  }
  const allow = chosen !== undefined && isAllow(chosen.kind);
  const replies = allow ? repliesTo(question.request, given.replies) : undefined;
  const permits = loop.permits ?? NO_PERMITS;
  const next =
    allow && rule !== undefined ? { ...loop, permits: { ...permits, rules: [...permits.rules, rule] } } : loop;
  const said = { ...(chosen && { choice: chosen.id }), ...(replies && { replies }) };
  give(unit, next, question, { ...said, allow, by: 'user', at: unit.now });
}

function questionOf(loop: LiveLoop, id: string | undefined): Question {
  const { loopId, asking = [] } = loop;
  const open = openQuestions(loop);
  if (id === undefined) {
    const [only, another] = open;
    if (!only) throw new WrongStateError(loopId, 'asks nothing: its question may have been answered by now');
    if (another) throw new WrongStateError(loopId, `asks ${open.length} questions: name the one that is answered`);
    return only;
  }
  const question = asking.find((one) => one.id === id);
  if (!question) throw new WrongStateError(loopId, 'no longer asks this: its agent has gone on, or has ended');
  if (question.answer) throw new WrongStateError(loopId, 'was answered already: a question is answered once');
  return question;
}

/** Records an answer; whoever follows the run passes it on after the commit. */
function give(unit: UnitOfWork, loop: LiveLoop, question: Question, answer: Answer): void {
  noteAnswer(unit, loop, question, answer);
  const asking = (loop.asking ?? []).map((one) => (one.id === question.id ? { ...one, answer } : one));
  const next = withAsking(loop, asking);
  if (isActive(next)) unit.put(next);
  else goOn(unit, next, 'its question is answered');
}

function isAllow(kind: ChoiceKind): boolean {
  return kind === 'allowOnce' || kind === 'allowAlways';
}

/** A loop that asks for this long is stopped where its agent can resume, so that others may use its slot (R17.2). */
const STOPPED_ASKING = 'stopped, because it waited too long for an answer: it goes on when you answer';

/** The loop whose run was stopped because nobody answered: it waits, or goes on if somebody has by now (R17.2). */
export function afterAsking(unit: UnitOfWork, loop: ActiveLoop): void {
  const asking = loop.asking ?? [];
  if (asking.length > 0 && openQuestions(loop).length === asking.length) {
    const [first] = asking;
    const why = first ? `it asks: ${requestLine(first.request)}` : '';
    wait(unit, loop, { for: 'you', need: 'question' }, why);
    const waiting = unit.liveState.get(loop.seq);
    if (waiting) unit.put({ ...waiting, asking });
  } else goOn(unit, loop, 'its question was answered meanwhile');
}

/** Back to its place, with what was answered for the requests that its session will meet again. */
function goOn(unit: UnitOfWork, loop: LiveLoop, why: string): void {
  const { permits = NO_PERMITS, asking = [] } = loop;
  const once = asking.flatMap(({ request, choices, answer }) => {
    if (!answer) return [];
    const kind = choices.find(({ id }) => id === answer.choice)?.kind ?? (answer.allow ? 'allowOnce' : 'denyOnce');
    return [{ request, kind, ...(answer.replies && { replies: answer.replies }) }];
  });
  requeue(unit, { ...loop, permits: { ...permits, once: [...permits.once, ...once] } }, why);
}

/** When something is due about what a loop asks: wall time, ms. A time before now is due. */
export function askingDueAt({ settings }: SupervisorContext, loop: ActiveLoop, now: number): number {
  const { askTimeoutMs, askHoldsSlotMs } = settings;
  let due = Number.POSITIVE_INFINITY;
  for (const { at } of loop.attempt.stop ? [] : openQuestions(loop)) {
    // The clock has gone back: it is corrected at once (R4.5).
    if (at > now) return now;
    if (askTimeoutMs > 0) due = Math.min(due, at + askTimeoutMs);
    if (askHoldsSlotMs > 0) due = Math.min(due, at + askHoldsSlotMs);
  }
  return due;
}

/** Denies what was not answered in time, and stops runs that have asked for too long (R17.2). */
export function wakeAsking(unit: UnitOfWork): void {
  for (const { seq } of [...unit.liveState.active.values()]) {
    const loop = unit.liveState.get(seq);
    if (!loop || !isActive(loop) || askingDueAt(unit.context, loop, unit.now) > unit.now) continue;
    const asking = (loop.asking ?? []).map((one) => (one.at > unit.now ? { ...one, at: unit.now } : one));
    unit.put({ ...loop, asking });
    for (const question of asking) if (!question.answer) wakeQuestion(unit, seq, question);
  }
}

function wakeQuestion(unit: UnitOfWork, seq: number, question: Question): void {
  const loop = unit.liveState.get(seq);
  if (!loop || !isActive(loop) || loop.attempt.stop) return;
  const { settings, agents } = unit.context;
  const { askTimeoutMs, askHoldsSlotMs } = settings;
  const forMs = unit.now - question.at;
  const deny = (why: string) => {
    const choice = question.choices.find(({ kind }) => kind === 'denyOnce');
    give(unit, loop, question, {
      ...(choice && { choice: choice.id }),
      allow: false,
      by: 'deadline',
      at: unit.now,
      why,
    });
  };
  if (askTimeoutMs > 0 && forMs >= askTimeoutMs) deny('nobody answered in time');
  else if (askHoldsSlotMs > 0 && forMs >= askHoldsSlotMs) {
    const canResume = loop.sessionId !== undefined && agents.find(loop.agent)?.canResume === true;
    if (canResume) requestStop(unit, loop, 'asking', STOPPED_ASKING);
    else deny('nobody answered, and its agent cannot go on after a stop');
  }
}

function withAsking<L extends LiveLoop>(loop: L, asking: readonly Question[]): L {
  const { asking: _, ...rest } = loop;
  return (asking.length > 0 ? { ...rest, asking } : rest) as L;
}

function tellAsking(unit: UnitOfWork, loop: LiveLoop, { id, request }: Question): void {
  const asks = requestLine(request);
  unit.tx.addHistory(loop.seq, { at: unit.now, from: loop.state, to: loop.state, why: `it asks: ${asks}` });
  unit.tell({ type: 'loop:asking', loopId: loop.loopId, question: id, asks });
}

function noteAnswer(unit: UnitOfWork, loop: LiveLoop, { id, request }: Question, answer: Answer): void {
  const { allow, by, why = answer.replies && replyLine(answer.replies) } = answer;
  const who = { user: 'by you', rule: 'by a rule', deadline: 'by a deadline' }[by];
  const [yes, no] = request.kind === 'inquiry' ? ['answered', 'left to the agent'] : ['allowed', 'denied'];
  const note = `${allow ? yes : no} ${who}${why === undefined ? '' : ` (${why})`}: ${requestLine(request)}`;
  unit.tx.addHistory(loop.seq, { at: unit.now, from: loop.state, to: loop.state, why: note });
  unit.tell({ type: 'loop:answered', loopId: loop.loopId, question: id, allow, by });
}
