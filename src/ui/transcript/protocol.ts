import type { LoopState } from '../../core/model/loop.ts';

/**
 * A position in a loop's transcript: before a line of an attempt's standard output. Offsets are bytes. `BEFORE`
 * precedes the attempt's heading, `AFTER` follows all of its output.
 */
export interface Pos {
  /** Number of the attempt, from 1; 0 stands before the first. */
  readonly attempt: number;
  readonly offset: number;
}

export const BEFORE = -1;
export const AFTER = Number.MAX_SAFE_INTEGER;
/** The position of standard error: after the output, before the end. */
export const STDERR = AFTER - 1;
export const START: Pos = { attempt: 0, offset: BEFORE };

export function comparePos(a: Pos, b: Pos): number {
  return a.attempt - b.attempt || a.offset - b.offset;
}

/** One line of a diff as shown: its sign and its text. */
export interface DiffLine {
  readonly sign: '+' | '-' | ' ' | '@';
  readonly text: string;
}

/** An entry of the transcript, ordered by `from`, then `n`. All text is free of control characters and never markup. */
export type TranscriptItem = {
  /** Identifies the item while the transcript is open. */
  readonly key: string;
  readonly from: Pos;
  readonly to: Pos;
  /** Order among items from the same line. */
  readonly n: number;
} & ItemBody;

export type ItemBody =
  | { readonly kind: 'prompt'; readonly text: string /** Characters that are not shown. */; readonly more: number }
  | {
      readonly kind: 'attempt';
      readonly number: number;
      readonly agent: string;
      /** Wall time, ms. */
      readonly startedAt: number;
      readonly resumed: boolean;
      readonly sessionId?: string;
      readonly pid?: number;
    }
  /** `plain`: raw output of a program; otherwise Markdown. */
  | { readonly kind: 'text'; readonly text: string; readonly plain: boolean }
  | {
      readonly kind: 'tool';
      /** Absent if only the result is in this part of the log. */
      readonly name?: string;
      readonly summary: string;
      readonly result?: { readonly ok: boolean; readonly summary: string };
      readonly diff?: readonly DiffLine[];
      /** Offsets of the lines with details, which `expand` requests. */
      readonly lines: readonly number[];
    }
  | {
      readonly kind: 'notice';
      readonly level: 'error' | 'warning' | 'info';
      readonly label: string;
      readonly text: string;
    }
  | {
      readonly kind: 'cost';
      readonly usd: number;
      readonly estimated: boolean;
      readonly model?: string;
      readonly note?: string;
    }
  /** The end of standard error; `bytes` is its whole size. */
  | { readonly kind: 'stderr'; readonly text: string; readonly bytes: number }
  | {
      readonly kind: 'end';
      readonly number: number;
      readonly outcome: string;
      readonly reason: string;
      /** Wall time, ms. */
      readonly at: number;
      readonly tookMs: number;
      readonly usd: number;
      readonly estimated: boolean;
      readonly swept: number;
      readonly kept: number;
      readonly remaining: number;
    };

/** The header above the transcript. */
export interface TranscriptHeader {
  readonly loopId: string;
  readonly seq: number;
  readonly title: string;
  readonly agent: string;
  readonly cwd: string;
  readonly state: LoopState;
  /** Since when it is in its state: wall time, ms. */
  readonly since: number;
  /** Until when it waits: wall time, ms. */
  readonly until?: number;
  /** Why it is in its state, where that needs saying. */
  readonly why?: string;
  readonly attempts: number;
  readonly usd: number;
  readonly estimated: boolean;
  /** Its costs are play money. */
  readonly demo: boolean;
  /** There may be more to come. */
  readonly live: boolean;
}

/** A match of the search. */
export interface SearchHit {
  readonly at: Pos;
  readonly before: string;
  readonly match: string;
  readonly after: string;
}

/** A section of the input or result of a tool. */
export type DetailSection =
  | { readonly kind: 'fields'; readonly fields: readonly { readonly name: string; readonly value: string }[] }
  | { readonly kind: 'text'; readonly label: string; readonly text: string; readonly cut: boolean }
  | { readonly kind: 'diff'; readonly label: string; readonly lines: readonly DiffLine[]; readonly cut: boolean };

/** Messages to the webview. */
export type ToView =
  | { readonly type: 'header'; readonly header: TranscriptHeader }
  /** All items to show. `atEnd`: new items will be appended. `focus`: the position to scroll to, otherwise the end. */
  | {
      readonly type: 'reset';
      readonly items: readonly TranscriptItem[];
      readonly atStart: boolean;
      readonly atEnd: boolean;
      readonly focus?: Pos;
      /** Bytes skipped because output came faster than it can be shown. */
      readonly skipped?: number;
    }
  | { readonly type: 'earlier'; readonly items: readonly TranscriptItem[]; readonly atStart: boolean }
  | { readonly type: 'later'; readonly items: readonly TranscriptItem[]; readonly atEnd: boolean }
  /** New and changed items. */
  | { readonly type: 'live'; readonly items: readonly TranscriptItem[] }
  | { readonly type: 'details'; readonly key: string; readonly sections: readonly DetailSection[] }
  | {
      readonly type: 'hits';
      readonly id: number;
      readonly hits: readonly SearchHit[];
      /** 0 to 1. */
      readonly progress: number;
      readonly done: boolean;
      /** There are more than listed. */
      readonly more: boolean;
    }
  | { readonly type: 'gone'; readonly text: string };

/** Messages from the webview, validated on arrival. */
export type FromView =
  | { readonly type: 'ready' }
  | { readonly type: 'latest' }
  | {
      readonly type: 'earlier';
      readonly before: Pos /** The end was dropped from view: nothing is appended any more. */;
      readonly detached: boolean;
    }
  | { readonly type: 'later'; readonly after: Pos }
  | { readonly type: 'goto'; readonly at: Pos }
  | { readonly type: 'expand'; readonly key: string; readonly attempt: number; readonly lines: readonly number[] }
  | { readonly type: 'search'; readonly id: number; readonly text: string }
  | { readonly type: 'openFile'; readonly path: string; readonly line?: number; readonly column?: number }
  | { readonly type: 'command'; readonly command: 'openLog' | 'showDetail' | 'cancel' };
