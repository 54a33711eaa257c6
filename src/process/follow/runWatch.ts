import type { AgentEvent } from '../../core/model/agentEvent.ts';
import { isProgress, looksLikeQuestion, takesBackEnd } from '../../core/policy/progress.ts';
import type { SilenceWarning } from '../../core/ports/launcher.ts';
import { readJson } from '../runFolder/atomicFile.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { LastLine } from './lastLines.ts';

/** Spans in ms; 0 is none. */
export interface WatchLimits {
  /** How long without progress makes a run silent. */
  readonly silenceMs: number;
  readonly onSilence: 'warn' | 'restart';
  /** After its last word its process may live on for this long. */
  readonly endGraceMs: number;
}

/** What the watch says now. */
export interface WatchVerdict {
  /** `ended`: it has said that it ended, and its process lives on. `hung`: it makes no progress, or asks in vain. */
  readonly stop?: 'ended' | 'hung';
  readonly silent?: SilenceWarning;
  /** Its last line, where that looks like a question. */
  readonly asking?: string;
}

/** How long (ms) a last line must stand before it is taken for a question. */
const ASKING_AFTER_MS = 10_000;
/** A longer gap (ms) than this between two looks means that we ourselves were held up. */
const LONGEST_GAP_MS = 5_000;

/**
 * Watches what one run says for progress (R8.4), for its last word (R5.6) and for questions. Times are those of a clock
 * that only runs forward, ms; `wall` is wall time.
 */
export class RunWatch {
  readonly #limits: WatchLimits;
  #progressAt: number;
  #retrying: { readonly since: number; readonly why: string } | undefined;
  #hasSaidEnd = false;
  #graceLeft = 0;
  #saidEndAt = 0;
  #lookedAt: number;
  readonly #openTools = new Set<string>();
  readonly #openTasks = new Set<string>();
  #question: { readonly line: string; readonly since: number } | undefined;

  constructor(limits: WatchLimits, now: number) {
    this.#limits = limits;
    this.#progressAt = now;
    this.#lookedAt = now;
  }

  hear(events: readonly AgentEvent[], now: number, wall: number): void {
    for (const event of events) {
      if (isProgress(event)) {
        this.#progressAt = now;
        this.#retrying = undefined;
      }
      if (event.type === 'retry') this.#retrying = { since: this.#retrying?.since ?? wall, why: event.reason };
      if (event.type === 'toolCall') this.#openTools.add(event.id ?? event.name);
      if (event.type === 'toolResult') this.#closeTool(event.id);
      if (event.type === 'background' && event.open) this.#openTasks.add(event.id);
      if (event.type === 'background' && !event.open) this.#openTasks.delete(event.id);
      if (event.type === 'end') {
        this.#graceLeft = this.#limits.endGraceMs;
        this.#saidEndAt = now;
      }
      this.#hasSaidEnd = event.type === 'end' || (this.#hasSaidEnd && !takesBackEnd(event));
    }
  }

  /** Something was written that is no event: for a run that nobody reads, that is progress. */
  wrote(now: number): void {
    this.#progressAt = now;
  }

  /** The last line of its output now, and whether it is of standard output or standard error. */
  lastLine(line: LastLine | undefined, now: number): void {
    const text = line && looksLikeQuestion(line.text) ? line.text : undefined;
    if (text === this.#question?.line) return;
    this.#question = text === undefined ? undefined : { line: text, since: now };
  }

  keepWaiting(now: number): void {
    this.#progressAt = now;
    this.#retrying = undefined;
  }

  /** Whether a tool of its is running: what is printed then asks nobody. */
  get isAtWork(): boolean {
    return this.#openTools.size > 0;
  }

  /** `isAsking`: it waits for an answer of its user's, and its silence stands still (R17.2). */
  look(now: number, isAsking = false): WatchVerdict {
    if (isAsking) this.#progressAt += Math.max(0, now - this.#lookedAt);
    const gap = Math.min(Math.max(0, now - Math.max(this.#lookedAt, this.#saidEndAt)), LONGEST_GAP_MS);
    this.#lookedAt = now;
    const asking = this.#asking(now);
    if (this.#hasSaidEnd) return { ...(asking !== undefined && { asking }), ...this.#grace(gap) };
    const { silenceMs, onSilence } = this.#limits;
    const forMs = now - this.#progressAt;
    const isSilent = silenceMs > 0 && forMs >= silenceMs;
    if (isSilent && (onSilence === 'restart' || asking !== undefined))
      return { stop: 'hung', ...(asking !== undefined && { asking }) };
    return { ...(asking !== undefined && { asking }), ...(isSilent && { silent: this.#warning(forMs) }) };
  }

  #warning(forMs: number): SilenceWarning {
    const { since, why } = this.#retrying ?? {};
    if (since === undefined || why === undefined) return { kind: 'silence', forMs: Math.round(forMs) };
    return { kind: 'retrying', forMs: Math.round(forMs), since, why };
  }

  /** What it asks, never while a tool runs: that may print anything. */
  #asking(now: number): string | undefined {
    if (this.isAtWork || !this.#question) return undefined;
    return now - this.#question.since >= ASKING_AFTER_MS ? this.#question.line : undefined;
  }

  /** The grace stands still while a task that the agent named is open: it may take another turn. */
  #grace(gap: number): Pick<WatchVerdict, 'stop'> {
    if (this.#limits.endGraceMs === 0 || this.#openTasks.size > 0) return {};
    this.#graceLeft -= gap;
    return this.#graceLeft <= 0 ? { stop: 'ended' } : {};
  }

  #closeTool(id: string | undefined): void {
    if (id !== undefined && this.#openTools.delete(id)) return;
    // Without an id the results come in the order of the calls.
    const first = this.#openTools.values().next();
    if (!first.done) this.#openTools.delete(first.value);
  }
}

/** How long (ms) a process may live on after its last word, where its request does not say. */
const END_GRACE_MS = 30_000;

/** What the request of a run says of these limits, whoever wrote it. */
export function watchLimitsOf(files: RunFiles): WatchLimits {
  const request = readJson(files.request) as { readonly limits?: { readonly [key: string]: unknown } } | undefined;
  const { silenceMs, onSilence, endGraceMs } = request?.limits ?? {};
  return {
    silenceMs: typeof silenceMs === 'number' ? silenceMs : 0,
    onSilence: onSilence === 'restart' ? 'restart' : 'warn',
    endGraceMs: typeof endGraceMs === 'number' ? endGraceMs : END_GRACE_MS,
  };
}
