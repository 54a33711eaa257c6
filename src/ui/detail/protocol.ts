import type { CostSource, Json } from '../../core/model/agentEvent.ts';
import type { Outcome } from '../../core/model/attempt.ts';
import type { CheckOutcome } from '../../core/model/check.ts';
import type { Containment } from '../../core/model/containment.ts';
import type { LoopState } from '../../core/model/loop.ts';
import type { AttemptDetail } from '../../core/model/loopDetail.ts';
import type { WaitingFor } from '../../core/model/status.ts';
import type { TreeUsage } from '../webviewHost/treeUsage.ts';

/** A process of an attempt that was stopped, spared or left over. */
export interface ProcessRow {
  readonly pid: number;
  readonly command: string;
}

/** A process that was spared when its attempt ended. */
export interface KeptRow extends ProcessRow {
  /** It still exists and can be ended. */
  readonly alive: boolean;
}

export interface AttemptRow {
  readonly number: number;
  readonly pid?: number;
  /** Wall times, ms. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: Outcome;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly sessionId?: string;
  /** It ran the check of `round`, 0 for the one before the first. */
  readonly isCheck?: true;
  /** It ran the set-up command of the loop's work tree. */
  readonly isSetup?: true;
  /** There are snapshots of the files before and after it. */
  readonly hasChanges?: true;
  /** The round that it belongs to, of a loop with a check. */
  readonly round?: number;
  /** Who pays for it. */
  readonly account?: string;
  /** How its processes are contained. */
  readonly containment?: Containment;
  readonly resumed: boolean;
  readonly usd: number;
  readonly costSource: AttemptDetail['cost']['source'];
  /** Some of the work is not in `usd`. */
  readonly atLeast: boolean;
  /** What it may spend before it must ask again. */
  readonly allowanceUsd?: number;
  readonly swept: readonly ProcessRow[];
  readonly kept: readonly KeptRow[];
  readonly remaining: readonly ProcessRow[];
}

/** One entry of what was paid. */
export interface CostRow {
  readonly at: number;
  readonly usd: number;
  readonly source: CostSource;
}

export interface HistoryRow {
  readonly at: number;
  readonly from: LoopState | 'new';
  readonly to: LoopState;
  readonly why: string;
}

/** The result of the check of one round (R11.2). */
export interface RoundRow {
  /** 0: before the first round. */
  readonly round: number;
  readonly outcome: CheckOutcome;
  readonly exitCode?: number;
  readonly tookMs: number;
  readonly score?: number;
}

/** How a loop proves its work, round by round. */
export interface ProofData {
  readonly command: string;
  /** Oldest first. */
  readonly rounds: readonly RoundRow[];
  /** The round with the best score, if the check scores (R11.8). */
  readonly best?: number;
  /** The end of the last output. */
  readonly output: string;
}

/** A question of the loop (R17.1). Every text of the agent's is made visible. */
export interface QuestionData {
  readonly id: string;
  readonly parts: readonly { readonly heading: string; readonly text: string }[];
  readonly choices: readonly { readonly id: string; readonly word: string }[];
  /** Whether a rule can allow requests like it. */
  readonly canRemember: boolean;
  /** What it leaves to its user, in place of `parts`. `reply`: an option itself, which `shown` makes visible. */
  readonly inquiries?: readonly {
    readonly text: string;
    readonly options: readonly { readonly shown: string; readonly about?: string; readonly reply: string }[];
    readonly multiple: boolean;
  }[];
}

/** What the user answers on the page: one of the choices, an allow rule, or something to each inquiry. */
export interface AnswerGiven {
  readonly question: string;
  readonly choice?: string;
  readonly replies?: readonly (readonly string[])[];
  readonly remember?: 'loop' | 'always';
}

/** Everything the page shows of a loop. Costs in USD, times are wall times in ms; all text is plain. */
export interface DetailData {
  readonly loopId: string;
  readonly seq: number;
  readonly title: string;
  readonly state: LoopState;
  /** It can be continued: its rounds have reached a bound, or it waits to be allowed to spend more. */
  readonly waitsFor?: 'rounds' | 'money';
  /** It waits for its user. */
  readonly needsYou?: true;
  /** It is queued and has not started, so it can be edited. */
  readonly editable: boolean;
  /** Its costs are play money. */
  readonly demo: boolean;
  /** `+12 −3 in 4 files`; absent where nothing has changed. */
  readonly changes?: string;
  /** The branch of its own work tree, or what has become of it; absent where it works in the folder itself. */
  readonly workTree?: string;
  /** The files of a round can be brought back: it has a work tree of its own and does not run (R11.8). */
  readonly canUseRounds: boolean;
  readonly since: number;
  readonly until?: number;
  readonly why?: string;
  readonly agent: string;
  readonly cwd: string;
  /** The machine that it belongs to, where that is another one. */
  readonly machine?: string;
  readonly priority: number;
  readonly position?: number;
  readonly waitingFor?: WaitingFor;
  /** It belongs to another window, or to one that is gone. */
  readonly host?: 'elsewhere' | 'gone';
  /** It failed permanently and can be retried. */
  readonly permanent: boolean;
  readonly submittedAt: number;
  readonly finishedAt?: number;
  readonly estimateUsd: number;
  readonly estimateAssumed: boolean;
  readonly maxCostUsd?: number;
  readonly costUsd: number;
  /** How much of the cost is an estimate. */
  readonly costEstimated: 'none' | 'part' | 'all';
  /** The part of the cost that is a guess. */
  readonly costUnknownUsd: number;
  /** Some of the work is not in the cost. */
  readonly costAtLeast: boolean;
  readonly reservedUsd: number;
  /** Restarts within the window that counts. */
  readonly restarts: number;
  readonly metadata?: { readonly [key: string]: Json };
  /** The beginning of the prompt, and how many characters more there are. */
  readonly prompt: string;
  readonly promptMore: number;
  /** What its agent asks, oldest first. */
  readonly questions: readonly QuestionData[];
  /** What its agent said last. */
  readonly lastWords?: string;
  /** Of a loop with a check. */
  readonly proof?: ProofData;
  /** Oldest first. */
  readonly attempts: readonly AttemptRow[];
  /** The newest, newest first; `more` of them are not listed. */
  readonly costs: readonly CostRow[];
  readonly costsMore: number;
  readonly history: readonly HistoryRow[];
  readonly historyMore: number;
}

/** Sizes of the output files of an attempt, bytes; of a loop of another machine, those of the copies here. */
export interface FileRow {
  readonly attempt: number;
  readonly out: number;
  readonly err: number;
  /** Only that machine has them. */
  readonly isNotHere?: true;
}

/** Messages to the page. */
export type ToDetail =
  | { readonly type: 'detail'; readonly detail: DetailData }
  | { readonly type: 'files'; readonly files: readonly FileRow[] }
  /** What the processes of the running attempt take; absent when none runs. */
  | { readonly type: 'usage'; readonly usage?: TreeUsage }
  | { readonly type: 'gone'; readonly text: string };

export type DetailCommand =
  | 'editPrompt'
  | 'editAsNew'
  | 'rename'
  | 'showOutput'
  | 'cancel'
  | 'kill'
  | 'retry'
  | 'restart'
  | 'continueRounds'
  | 'acceptAsIs'
  | 'runNext'
  | 'takeOver'
  | 'submitAgain'
  | 'copyId'
  | 'copyPrompt'
  | 'reviewChanges'
  | 'mergeChanges'
  | 'continueWith';

/** Messages from the page, validated on arrival. */
export type FromDetail =
  | { readonly type: 'ready' }
  | { readonly type: 'command'; readonly command: DetailCommand }
  | { readonly type: 'answer'; readonly given: AnswerGiven }
  | { readonly type: 'openLog'; readonly attempt: number; readonly file: 'out' | 'err' }
  | { readonly type: 'openPrompt' }
  | { readonly type: 'openFolder' }
  | { readonly type: 'openChanges' }
  | { readonly type: 'copySession'; readonly attempt: number }
  | { readonly type: 'reviewAttempt'; readonly attempt: number }
  | { readonly type: 'useRound'; readonly round: number }
  | { readonly type: 'endSpared'; readonly pid: number };
