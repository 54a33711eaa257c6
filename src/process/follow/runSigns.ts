import type { AgentEvent } from '../../core/model/agentEvent.ts';
import { GONE } from '../../core/model/looks.ts';
import { looksLikeQuestion } from '../../core/policy/progress.ts';
import type { LiveLines, RunObserver, SilenceWarning } from '../../core/ports/launcher.ts';
import { readTail, sizeOf, timeOf } from '../runFolder/atomicFile.ts';
import { questionIds } from '../runFolder/questionFiles.ts';
import { lookAtSilent } from '../runFolder/recordSchemas.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { lastLineOf } from './lastLine.ts';
import { LastLines } from './lastLines.ts';
import { RunWatch, watchLimitsOf } from './runWatch.ts';

/** How much (bytes) of the end of a log is searched for a question. */
const QUESTION_BYTES = 4_096;

/** Who hears of the signs of a run. */
export type SignObserver = Pick<RunObserver, 'silent' | 'lines'>;

/**
 * The signs that a run gives while it goes on: silence, its last word, a question, its last lines (R8.2, R8.4, R5.6).
 * What its guardian says of its silence goes before what this window has seen of it.
 */
export class RunSigns {
  readonly #files: RunFiles;
  readonly #isRead: boolean;
  readonly #observer: SignObserver;
  readonly #lines: LastLines;
  #watch: RunWatch | undefined;
  #silentTold: SilenceWarning['kind'] | undefined;
  #linesTold: LiveLines = {};

  /** `isRead`: its standard output is read, so that its events show its progress. */
  constructor(files: RunFiles, isRead: boolean, observer: SignObserver) {
    this.#files = files;
    this.#isRead = isRead;
    this.#observer = observer;
    this.#lines = new LastLines(files.stdout, files.stderr);
  }

  /** `now`: time of a clock that only runs forward; `wall`: wall time; both in ms. */
  hear(events: readonly AgentEvent[], now: number, wall: number): void {
    this.#watch?.hear(events, now, wall);
  }

  keepWaiting(now: number): void {
    this.#watch?.keepWaiting(now);
  }

  /** Passes on what has changed; returns why the run is to be stopped, if it is. */
  look(now: number): 'ended' | 'hung' | undefined {
    this.#lines.look(now);
    this.#watch ??= new RunWatch(watchLimitsOf(this.#files), now);
    if (!this.#isRead) this.#watch.wrote(this.#lines.changedAt);
    this.#watch.lastLine(this.#lines.last, now);
    const { stop, silent, asking } = this.#watch.look(now, this.#asksUser());
    this.#tellSilence(this.#isRead ? silent : undefined);
    this.#tellLines(asking);
    return stop;
  }

  /** Whether it waits for its user's answer: one that cannot be seen counts as waiting. */
  #asksUser(): boolean {
    const open = questionIds(this.#files, 'open');
    return open.state !== 'there' || open.value.length > 0;
  }

  /** What a run asked that was stopped for its silence. */
  questionAtEnd(): string | undefined {
    if (this.#watch?.isAtWork) return undefined;
    const { stdout, stderr } = this.#files;
    const [first, second] = (timeOf(stderr) ?? 0) > (timeOf(stdout) ?? 0) ? [stderr, stdout] : [stdout, stderr];
    const line = lastLineOf(readTail(first, QUESTION_BYTES)) || lastLineOf(readTail(second, QUESTION_BYTES));
    return looksLikeQuestion(line) ? line : undefined;
  }

  #tellSilence(ofWatch: SilenceWarning | undefined): void {
    const isSilent = sizeOf(this.#files.silent) !== undefined;
    const look = isSilent ? lookAtSilent(this.#files) : GONE;
    if (isSilent && look.state !== 'there') return;
    const ofGuardian = look.state === 'there' ? { kind: look.value.kind, forMs: look.value.forMs } : undefined;
    const warning = ofWatch?.kind === 'retrying' ? ofWatch : (ofGuardian ?? ofWatch);
    if (warning?.kind === this.#silentTold) return;
    this.#silentTold = warning?.kind;
    this.#observer.silent(warning);
  }

  #tellLines(asking: string | undefined): void {
    const { stdout, stderr, last } = this.#lines;
    const lines: LiveLines = {
      ...(stdout?.unfinished && !isForUs(stdout.text) && { unfinished: stdout.text }),
      ...(stderr && last === stderr && { errorLine: stderr.text }),
      ...(asking !== undefined && { asking }),
    };
    const { unfinished, errorLine, asking: asked } = this.#linesTold;
    if (lines.unfinished === unfinished && lines.errorLine === errorLine && lines.asking === asked) return;
    this.#linesTold = lines;
    this.#observer.lines(lines);
  }
}

/** A line of JSON is for programs, not for people. */
function isForUs(line: string): boolean {
  return /^[{[]/.test(line);
}
