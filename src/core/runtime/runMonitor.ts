import type { AgentEvent, AgentReader, Json } from '../model/agentEvent.ts';
import { type ActiveLoop, isActive, type LiveLoop, type StopIntent } from '../model/loop.ts';
import type { Activity } from '../model/status.ts';
import type { AgentProfile } from '../ports/agents.ts';
import type { Run, RunEnd, RunObserver, RunOutput, RunStarted, SilenceWarning } from '../ports/launcher.ts';
import { summaryIn } from '../steps/bookmark.ts';
import { isDurable, type RunSummary } from '../steps/settle.ts';

/** Output that was read but not written down is read again after a crash; not more than this (bytes). */
const UNWRITTEN_BYTES = 4 * 1024 * 1024;

/** What a followed run tells the supervisor. */
export interface RunMonitorEvents {
  started(run: RunMonitor, facts: RunStarted): void;
  /** Output with something to write down. */
  output(run: RunMonitor, output: RunOutput): void;
  /** Something shown has changed. */
  activity(run: RunMonitor): void;
  silent(run: RunMonitor, warning: SilenceWarning | undefined): void;
  ended(run: RunMonitor, end: RunEnd): void;
}

/** One run that this window follows: what its output has said so far, and which stop it has been given. */
export class RunMonitor implements RunObserver {
  readonly seq: number;
  readonly attemptId: number;
  readonly token: string;
  activity: Activity = {};
  /** The stop that its guardian has been told. */
  stopSent: StopIntent | undefined;
  /** It has ended; its settlement is under way. */
  hasEnded = false;
  /** What it has told is written down one after another. */
  writes: Promise<void> = Promise.resolve();
  #summary: RunSummary;
  #run: Run | undefined;
  /** Up to where the output is written down, or on its way there. */
  #written: number;
  #textTail = '';
  /** The session that we chose, until the agent's first words show that it is there. */
  #chosenSession: string | undefined;
  readonly #events: RunMonitorEvents;
  readonly #now: () => number;

  constructor(loop: ActiveLoop, hasCost: boolean, events: RunMonitorEvents, now: () => number) {
    this.seq = loop.seq;
    this.attemptId = loop.attempt.id;
    this.token = loop.attempt.token;
    this.#written = loop.attempt.readOffset;
    this.#events = events;
    this.#now = now;
    this.#summary = { ...summaryIn(loop.attempt.readerState), hasCost };
    if (loop.sessionId !== loop.attempt.sessionId) this.#chosenSession = loop.attempt.sessionId;
  }

  /** The run itself, once it has been launched or adopted. */
  follow(run: Run): void {
    this.#run = run;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  get summary(): RunSummary {
    return this.#summary;
  }

  /** Whether this is the present attempt of that loop, and this window still the one that follows it. */
  isOf(loop: LiveLoop | undefined, windowId: string): loop is ActiveLoop {
    return (
      loop !== undefined && isActive(loop) && loop.attempt.id === this.attemptId && loop.attempt.windowId === windowId
    );
  }

  /** Gives it its deadlines of output anew, and forgets that it was silent. */
  keepWaiting(): void {
    this.#run?.keepWaiting();
    this.silent(undefined);
  }

  release(): void {
    this.#run?.release();
    this.#run = undefined;
  }

  started(facts: RunStarted): void {
    this.#events.started(this, facts);
  }

  output(told: RunOutput): void {
    const output = this.#withSession(told);
    this.#hear(output.events);
    if (output.events.some(isDurable) || output.to - this.#written > UNWRITTEN_BYTES) {
      this.#written = output.to;
      this.#events.output(this, this.#bookmarked(output));
    }
    this.#events.activity(this);
  }

  silent(warning: SilenceWarning | undefined): void {
    const { silentForMs: _, ...rest } = this.activity;
    this.activity = warning ? { ...rest, silentForMs: warning.forMs } : rest;
    this.#events.silent(this, warning);
  }

  ended(end: RunEnd): void {
    this.#hear(end.last.events);
    this.hasEnded = true;
    this.#events.ended(this, { ...end, last: this.#bookmarked(end.last) });
  }

  #withSession(output: RunOutput): RunOutput {
    const sessionId = this.#chosenSession;
    if (sessionId === undefined || output.events.length === 0) return output;
    this.#chosenSession = undefined;
    return { ...output, events: [{ type: 'session', sessionId }, ...output.events] };
  }

  #bookmarked(output: RunOutput): RunOutput {
    const { hasCost: _, ...report } = this.#summary;
    return { ...output, readerState: { reader: output.readerState, ...report } as unknown as Json };
  }

  #hear(events: readonly AgentEvent[]): void {
    if (events.length === 0) return;
    let { said, limit, priced, worked } = this.#summary;
    const { silentForMs: _, retrying: __, ...activity } = this.activity;
    let next: Activity = { ...activity, heardAt: this.#now() };
    for (const event of events) {
      if (event.type === 'end') said = event;
      if (event.type === 'limit') limit = event;
      if (event.type === 'cost' && (event.source === 'reported' || event.source === 'priced')) priced = true;
      if (event.type === 'text' || event.type === 'toolCall') worked = true;
      const doing = this.#inWords(event);
      if (doing !== undefined) next = { ...next, doing };
      next = event.type === 'retry' ? { ...next, retrying: event.reason } : withoutRetry(next);
    }
    this.activity = next;
    this.#summary = { ...this.#summary, ...(said && { said }), ...(limit && { limit }), priced, worked };
  }

  /** What an event says the run is doing, in a few words. */
  #inWords(event: AgentEvent): string | undefined {
    if (event.type === 'text') {
      this.#textTail = (event.delta ? this.#textTail + event.text : event.text).slice(-2_000);
      return lastLine(this.#textTail);
    }
    if (event.type === 'toolCall') return `${event.name}: ${event.summary}`;
    return event.type === 'denied' ? `denied: ${event.tool}` : undefined;
  }
}

/** A reader for runs whose agent profile is not there any more: their end still counts. */
export const DEAF_READER: AgentReader = { line: () => [], end: () => [], state: () => null };

/** What of a profile has to be known to follow a run. */
export type ProfileFacts = Pick<AgentProfile, 'hasCost' | 'needsReading' | 'reader'>;

/** Stands in for a profile that is not there any more. */
export const NO_PROFILE: ProfileFacts = { hasCost: false, needsReading: false, reader: () => DEAF_READER };

function withoutRetry(activity: Activity): Activity {
  const { retrying: _, ...rest } = activity;
  return rest;
}

function lastLine(text: string): string | undefined {
  const lines = text.split('\n');
  return lines
    .findLast((line) => line.trim() !== '')
    ?.trim()
    .slice(0, 200);
}
