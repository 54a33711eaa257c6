import type { AgentEvent } from '../../core/model/agentEvent.ts';
import { toUsd } from '../../core/model/money.ts';
import { oneLine } from '../text/safeText.ts';
import { cleanText } from '../webviewHost/cleanText.ts';
import { noticeOf } from './eventNotice.ts';
import type { LogLine } from './logFile.ts';
import { comparePos, type ItemBody, type Pos, type TranscriptItem } from './protocol.ts';
import { editOf } from './toolDetails.ts';

/** Longer texts (characters) continue in another item, so that the cost of an update does not grow with the text. */
const LONGEST_TEXT = 16_000;
/** After so many other calls, a missing result is no longer expected. */
const OPEN_CALLS = 200;
const INLINE_DIFF = 60;
/** Events that only the cost accounts and gauges use. */
const NOT_SHOWN: readonly AgentEvent['type'][] = ['usage', 'session', 'accrued', 'window', 'account', 'background'];

type Add = (body: ItemBody) => TranscriptItem;
type Tool = TranscriptItem & { kind: 'tool' };
/** A growing text: its item is built when taken, not for every line. */
type Text = { readonly item: TranscriptItem & { kind: 'text' }; raw: string; to: Pos };

export interface FoldOptions {
  readonly attempt: number;
  /** Text is raw program output, not Markdown. */
  readonly plain: boolean;
  /** The reader began in the middle: the first cost it reports may be the total so far, so it is not shown. */
  readonly midway: boolean;
  /** Wall time, ms, from which relative times are counted. */
  readonly now: number;
}

/** Turns the lines of one attempt, and the events read from them, into transcript items. */
export class ItemFold {
  readonly #options: FoldOptions;
  readonly #calls = new Map<string, Tool>();
  /** Items added or changed since the last take, by key. */
  readonly #fresh = new Map<string, TranscriptItem>();
  /** Texts that grew since then. */
  readonly #grown = new Set<Text>();
  #text: Text | undefined;
  #costSeen: boolean;

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#costSeen = !options.midway;
  }

  /** Adds a line with the events that the agent's reader found in it. */
  push(line: LogLine, events: readonly AgentEvent[]): void {
    const at: Pos = { attempt: this.#options.attempt, offset: line.from };
    const to: Pos = { attempt: this.#options.attempt, offset: line.to };
    let n = 0;
    const add: Add = (body) => {
      const item = { key: `${at.attempt}:${at.offset}:${n}`, from: at, to, n, ...body } as TranscriptItem;
      n++;
      this.#fresh.set(item.key, item);
      return item;
    };
    if (line.cut) {
      this.#text = undefined;
      const megabytes = ((line.to - line.from) / 1e6).toFixed(1);
      add({
        kind: 'notice',
        level: 'info',
        label: 'Long line',
        text: `A line of ${megabytes} MB is cut off here. The raw log has all of it.`,
      });
      add({ kind: 'text', text: cleanText(line.text.slice(0, 2_000)), plain: true });
      return;
    }
    for (const event of events) this.#event(event, line, to, add, events);
    // The position after this line also follows anything that this line continued.
    if (!this.#text) return;
    this.#text.to = to;
    this.#grown.add(this.#text);
  }

  /** Returns items added or changed since the last call, in order. */
  take(): TranscriptItem[] {
    for (const { item, raw, to } of this.#grown) this.#put({ ...item, text: cleanText(raw), to });
    this.#grown.clear();
    const items = [...this.#fresh.values()].sort((a, b) => comparePos(a.from, b.from) || a.n - b.n);
    this.#fresh.clear();
    return items;
  }

  #event(event: AgentEvent, line: LogLine, to: Pos, add: Add, all: readonly AgentEvent[]): void {
    if (event.type === 'text') {
      this.#say(event, to, add);
      return;
    }
    if (NOT_SHOWN.includes(event.type)) return;
    this.#text = undefined;
    if (event.type === 'toolCall') this.#call(event, line, add, all);
    else if (event.type === 'toolResult') this.#result(event, line, add);
    else if (event.type === 'cost') this.#cost(event, add);
    else {
      const notice = noticeOf(event, this.#options.now);
      if (notice) add(notice);
    }
  }

  #call(event: AgentEvent & { type: 'toolCall' }, line: LogLine, add: Add, all: readonly AgentEvent[]): void {
    // An edit can be attributed to a call only if there is exactly one.
    const diff =
      all.filter((other) => other.type === 'toolCall').length === 1 ? editOf(line.text, INLINE_DIFF) : undefined;
    const item = add({
      kind: 'tool',
      name: oneLine(event.name, 60),
      summary: oneLine(event.summary, 200),
      lines: [line.from],
      ...(diff ? { diff } : {}),
    });
    this.#calls.set(event.id ?? '', item as Tool);
    const oldest = this.#calls.keys().next().value;
    if (this.#calls.size > OPEN_CALLS && oldest !== undefined) this.#calls.delete(oldest);
  }

  #result(event: AgentEvent & { type: 'toolResult' }, line: LogLine, add: Add): void {
    const call = this.#calls.get(event.id ?? '');
    const result = { ok: event.ok, summary: oneLine(event.summary, 200) };
    if (call) {
      this.#calls.delete(event.id ?? '');
      this.#put({ ...call, result, lines: [...new Set([...call.lines, line.from])] });
    } else add({ kind: 'tool', summary: '', result, lines: [line.from] });
  }

  #cost(event: AgentEvent & { type: 'cost' }, add: Add): void {
    const trusted = this.#costSeen;
    this.#costSeen = true;
    if (!trusted || event.cost === 0) return;
    add({
      kind: 'cost',
      usd: toUsd(event.cost),
      estimated: event.source !== 'reported',
      ...(event.model ? { model: oneLine(event.model, 60) } : {}),
      ...(event.note ? { note: oneLine(event.note, 200) } : {}),
    });
  }

  #say(event: AgentEvent & { type: 'text' }, to: Pos, add: Add): void {
    const { plain } = this.#options;
    const open = plain || event.delta ? this.#text : undefined;
    let rest = event.text;
    if (open && open.raw.length < LONGEST_TEXT) {
      const room = LONGEST_TEXT - open.raw.length;
      const piece = rest.length <= room ? rest : rest.slice(0, breakAt(rest, room));
      open.raw += event.delta ? piece : `\n${piece}`;
      open.to = to;
      this.#grown.add(open);
      rest = rest.slice(piece.length);
      if (rest === '') return;
    }
    do {
      const piece = rest.slice(0, breakAt(rest, LONGEST_TEXT));
      rest = rest.slice(piece.length);
      this.#text = { item: add({ kind: 'text', text: '', plain }) as Text['item'], raw: piece, to };
      this.#grown.add(this.#text);
    } while (rest !== '');
    if (!plain && !event.delta) this.#text = undefined;
  }

  #put<T extends TranscriptItem>(item: T): T {
    this.#fresh.set(item.key, item);
    return item;
  }
}

/**
 * Where to break a text that is longer than `max`: after a paragraph, else a line, else a word, else between two
 * characters.
 */
function breakAt(text: string, max: number): number {
  if (text.length <= max) return text.length;
  for (const mark of ['\n\n', '\n', ' ']) {
    const index = text.lastIndexOf(mark, max - mark.length);
    if (index > max / 2) return index + mark.length;
  }
  const code = text.charCodeAt(max - 1);
  return code >= 0xd800 && code <= 0xdbff && max > 1 ? max - 1 : max;
}
