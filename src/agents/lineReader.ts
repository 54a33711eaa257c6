import type { AgentEvent, AgentReader, Json, ProcessExit } from '../core/model/agentEvent.ts';
import type { SessionBefore } from '../core/ports/agents.ts';
import { isObject, type JsonObject, joinedObjects, parseObject } from './json.ts';
import { oneLine, withoutEscapes } from './oneLine.ts';

/** Receives the events that a reader finds. */
export type Emit = (event: AgentEvent) => void;

/** How an attempt ended, as a grammar sees it. */
export interface Ending {
  readonly exit: ProcessExit;
  /** Lines of standard error that are not blank, without terminal escapes. */
  readonly errors: readonly string[];
  /** What the agent wrote into its report file; absent when there is none. */
  readonly report?: JsonObject;
}

/**
 * What differs between agents that print one JSON object a line. `S` is the reader's memory: plain JSON whose shape
 * never changes, so that one written by another host can be checked against a fresh one. It is changed in place.
 */
export interface Grammar<S> {
  /** Marks the memory, so that one of another grammar is not taken for ours. */
  readonly name: string;
  /** The memory of an attempt that begins; `before` when it continues a session. */
  start(before: SessionBefore | undefined): S;
  message(message: JsonObject, memory: S, emit: Emit): void;
  end(ending: Ending, memory: S, emit: Emit): void;
}

/** Reports the session that a message names, unless it is empty or was reported already. */
export function emitSession(sessionId: string, memory: { session: string }, emit: Emit): void {
  if (sessionId === '' || sessionId === memory.session) return;
  memory.session = sessionId;
  emit({ type: 'session', sessionId });
}

/** How many lines that cannot be read are quoted; of the rest only the number is reported. */
const QUOTED = 5;

/** The longest document over several lines, in characters. */
const LONGEST_DOCUMENT = 256 * 1024;

interface Envelope<S> {
  readonly grammar: string;
  /** Lines that could not be read. */
  unread: number;
  /** A JSON object that is printed over several lines, as far as it has come. */
  document: string;
  readonly memory: S;
}

/**
 * Reads line by line with a grammar, which is given the time (ms) at which a line was written. `now` is the wall time,
 * ms. It never throws; after a broken line it goes on with the next.
 */
export function lineReader<S extends object>(
  grammarAt: (now: () => number) => Grammar<S>,
  now: () => number,
  state: Json | undefined,
  before: SessionBefore | undefined,
): AgentReader {
  let readAt: number | undefined;
  const grammar = grammarAt(() => Math.min(readAt ?? Number.POSITIVE_INFINITY, now()));
  const fresh: Envelope<S> = { grammar: grammar.name, unread: 0, document: '', memory: grammar.start(before) };
  const known = isObject(state) && state['grammar'] === grammar.name ? alike(fresh, state) : undefined;
  const envelope = known ?? fresh;

  function unread(text: string, events: AgentEvent[]): void {
    if (++envelope.unread <= QUOTED)
      events.push({ type: 'warning', text: `A line of the output could not be read: ${oneLine(text, 80)}` });
  }

  function understand(message: JsonObject, events: AgentEvent[]): void {
    try {
      grammar.message(message, envelope.memory, (event) => events.push(event));
    } catch (error) {
      // A grammar accepts any type anywhere, so this is our bug: it must neither fail the run nor go unnoticed.
      events.push({ type: 'warning', text: `An event could not be understood: ${oneLine(String(error))}` });
    }
  }

  /** Some agents print one object over many lines, between braces alone. Returns whether the line is part of one. */
  function collect(line: string, events: AgentEvent[]): boolean {
    if (envelope.document === '' && line.trimEnd() !== '{') return false;
    envelope.document += line;
    const done = line.trimEnd() === '}';
    const message = done ? parseObject(envelope.document) : undefined;
    if (message) understand(message, events);
    else if (done || envelope.document.length > LONGEST_DOCUMENT) unread(envelope.document, events);
    if (done || envelope.document.length > LONGEST_DOCUMENT) envelope.document = '';
    return true;
  }

  return {
    line(text, writtenAt) {
      readAt = writtenAt;
      const events: AgentEvent[] = [];
      const start = firstSign(text);
      if (start === text.length) return events;
      // Most lines that are not events do not even look like one: not worth parsing.
      if (text[start] !== '{') {
        if (envelope.document === '' || !collect(text, events)) unread(text, events);
        return events;
      }
      const line = start === 0 ? text : text.slice(start);
      const message = parseObject(line);
      const messages = message ? [message] : joinedObjects(line);
      if (messages.length === 0 || (envelope.document !== '' && start > 0)) {
        if (!collect(text, events)) unread(line, events);
        return events;
      }
      // A whole event in the middle of a document: so it was not a document.
      envelope.document = '';
      for (const each of messages) understand(each, events);
      return events;
    },
    end(exit, stderrTail, report, endedAt) {
      readAt = endedAt;
      const events: AgentEvent[] = [];
      const errors = withoutEscapes(stderrTail)
        .split(/[\r\n]+/)
        .map((line) => line.trim())
        .filter((line) => line !== '');
      const parsed = report === undefined ? undefined : parseObject(report);
      try {
        grammar.end({ exit, errors, ...(parsed && { report: parsed }) }, envelope.memory, (event) =>
          events.push(event),
        );
      } catch (error) {
        events.push({ type: 'warning', text: `The end could not be understood: ${oneLine(String(error))}` });
      }
      if (envelope.unread > QUOTED)
        events.push({ type: 'warning', text: `${envelope.unread} lines of the output could not be read.` });
      return events;
    },
    state: () => structuredClone(envelope) as unknown as Json,
  };
}

/** The index of the first character that is no blank. A byte order mark and NUL count as blank. */
function firstSign(text: string): number {
  let at = 0;
  while (at < text.length && (text.charCodeAt(at) <= 32 || text.charCodeAt(at) === 0xfeff)) at++;
  return at;
}

/** The memory of a reader of that grammar; undefined when `state` holds none. */
export function memoryIn<S extends object>(grammar: Grammar<S>, state: Json | undefined): S | undefined {
  if (!isObject(state) || state['grammar'] !== grammar.name) return undefined;
  return alike(grammar.start(undefined), state['memory']);
}

/**
 * A copy of `pattern` with the fields of `value` that have the same type; undefined when `value` has another. An empty
 * object of the pattern stands for a record, an empty array for a list: their elements are taken as they are, and are
 * read with care.
 */
function alike<T>(pattern: T, value: unknown): T | undefined {
  if (Array.isArray(pattern)) return Array.isArray(value) ? (structuredClone(value) as T) : undefined;
  if (!isObject(pattern)) return typeof value === typeof pattern ? (value as T) : undefined;
  if (!isObject(value)) return undefined;
  const keys = Object.keys(pattern);
  if (keys.length === 0) return structuredClone(value) as T;
  return Object.fromEntries(keys.map((key) => [key, alike(pattern[key], value[key]) ?? pattern[key]])) as T;
}
