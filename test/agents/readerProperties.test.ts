import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AgentEvent, Json } from '../../src/core/model/agentEvent.ts';
import { acpNames, acpOutput, acpReplay } from './support/acpReplay.ts';
import { assertEvents } from './support/eventShape.ts';
import {
  endOf,
  linesOf,
  messagesIn,
  ofType,
  type Recording,
  readAll,
  readerOf,
  recordings,
} from './support/streams.ts';

const ACP_RUNS = acpNames().map((name): Recording => {
  return { name: `acp-${name}`, agent: 'acp', output: acpOutput(acpReplay(name).lines), exitCode: 0 };
});
const RUNS = [...recordings().filter(({ output }) => output !== ''), ...ACP_RUNS];
const AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo', 'acp', 'sample'] as const;
const anyRun = fc.constantFrom(...RUNS);
// Whole documents over several lines are no events a line: what is put between their lines breaks them.
const anyEventRun = fc.constantFrom(...RUNS.filter(({ name }) => name !== 'gemini-json'));

/** The simplest splitter: it keeps what is not yet a line, and joins characters that were cut in two. */
function feed(reader: { line(text: string): AgentEvent[] }, pieces: Iterable<Uint8Array>): AgentEvent[] {
  const decoder = new TextDecoder();
  const events: AgentEvent[] = [];
  let rest = '';
  for (const piece of pieces) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) events.push(...reader.line(line));
  }
  rest += decoder.decode();
  if (rest !== '') events.push(...reader.line(rest));
  return events;
}

/** The events, without the warnings about lines that could not be read. */
function told(events: readonly AgentEvent[]): string[] {
  return events
    .filter((event) => !(event.type === 'warning' && /could not be read/.test(event.text)))
    .map((event) => JSON.stringify(event));
}

function lineEvents(run: Recording, lines = linesOf(run.output)): AgentEvent[] {
  const reader = readerOf(run.agent);
  return lines.flatMap((line) => reader.line(line));
}

describe('readers of agents, whatever happens to the stream', () => {
  it('R8.2 cut at any byte: the same events, less those of the rest', () => {
    fc.assert(
      fc.property(anyRun, fc.double({ min: 0, max: 1, noNaN: true }), (run, share) => {
        const bytes = Buffer.from(run.output);
        const part = told(feed(readerOf(run.agent), [bytes.subarray(0, Math.floor(bytes.length * share))]));
        assert.deepEqual(part, told(lineEvents(run)).slice(0, part.length));
      }),
      { numRuns: 400 },
    );
  });

  it('R8.2 in pieces of any size, down to single bytes: the same events', () => {
    for (const run of RUNS.filter(({ output }) => output.length < 8_000)) {
      const bytes = Buffer.from(run.output);
      assert.deepEqual(
        told(
          feed(
            readerOf(run.agent),
            Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
          ),
        ),
        told(lineEvents(run)),
        run.name,
      );
    }
    fc.assert(
      fc.property(
        anyRun,
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 }),
        (run, sizes) => {
          const bytes = Buffer.from(run.output);
          const pieces: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 1)
            pieces.push(bytes.subarray(at, at + (sizes[pieces.length % sizes.length] ?? 1)));
          assert.deepEqual(told(feed(readerOf(run.agent), pieces)), told(lineEvents(run)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('R8.2 lines joined because a line end was lost: the same events', () => {
    fc.assert(
      fc.property(anyEventRun, fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (run, joins) => {
        const lines = linesOf(run.output);
        const joined = lines.map((line, index) => line + (joins[index % joins.length] ? '' : '\n')).join('');
        assert.deepEqual(told(lineEvents(run, joined.split('\n'))), told(lineEvents(run)));
      }),
      { numRuns: 300 },
    );
  });

  it('R8.2 garbage between the lines: the same events, and at most some warnings', () => {
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '',
        '   ',
        '{',
        '}',
        '{"type":',
        '[1,2',
        '{"type":"result"',
        '\u0000\u0000',
        '\u001b[31mError\u001b[0m',
        'null',
        '"text"',
        '{}',
        '{"a":{"b":1}} x',
        '\ufeff',
      ),
    );
    fc.assert(
      fc.property(anyEventRun, fc.array(garbage, { minLength: 1, maxLength: 20 }), (run, pieces) => {
        const lines = linesOf(run.output).flatMap((line, index) => [
          ...(pieces[index % pieces.length] ?? '').split('\n'),
          line,
        ]);
        const events = lineEvents(run, lines);
        assert.deepEqual(told(events), told(lineEvents(run)));
        assert.ok(events.length - told(events).length <= 6);
      }),
      { numRuns: 300 },
    );
  });

  it('R8.2 lines cut in the middle, with or without their end: nothing is made up', () => {
    const breaks = fc.array(
      fc.record({ line: fc.nat(), at: fc.double({ min: 0, max: 0.999, noNaN: true }), end: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(anyEventRun, breaks, (run, broken) => {
        const lines = linesOf(run.output).map((line) => `${line}\n`);
        for (const { line, at, end } of broken) {
          const index = line % lines.length;
          const whole = lines[index] ?? '';
          lines[index] = whole.slice(0, Math.floor((whole.length - 1) * at)) + (end ? '\n' : '');
        }
        const events = lineEvents(run, lines.join('').split('\n'));
        const whole = lineEvents(run);
        const exact = new Set(told(whole));
        // Running counts (tokens, costs, tries) differ by what is missing, and a tool whose call is lost has no name.
        // Streams say some things twice: what was lost once may come in other words.
        for (const event of events) {
          const why = JSON.stringify(event);
          if (event.type === 'text')
            assert.ok(
              messagesIn(whole).some((message) => message.includes(event.text)),
              why,
            );
          else if (event.type === 'denied')
            assert.ok(
              ofType(whole, 'denied').some(({ tool }) => tool === event.tool || event.tool === 'tool'),
              why,
            );
          else if (event.type === 'limit') assert.ok(ofType(whole, 'limit').length > 0, why);
          else if (event.type === 'session' || event.type === 'toolCall') assert.ok(exact.has(why), why);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('R6.7 another reader continues from the state at any line: the same events, to the end', () => {
    for (const run of RUNS) {
      const lines = linesOf(run.output);
      const whole = readAll(run);
      for (let at = 0; at <= lines.length; at++) {
        const first = readerOf(run.agent);
        const before = lines.slice(0, at).flatMap((line) => first.line(line));
        const state = JSON.parse(JSON.stringify(first.state())) as Json;
        const second = readerOf(run.agent, state);
        const after = lines.slice(at).flatMap((line) => second.line(line));
        assert.deepEqual([...before, ...after, ...endOf(run, second)], whole, `${run.name} at line ${at}`);
      }
    }
  });

  it('R6.7 the state is a copy: reading on does not change it', () => {
    for (const run of RUNS) {
      const reader = readerOf(run.agent);
      const states = linesOf(run.output).map((line) => {
        reader.line(line);
        return [reader.state(), JSON.stringify(reader.state())] as const;
      });
      for (const [state, then] of states) assert.equal(JSON.stringify(state), then);
      assert.ok(JSON.stringify(reader.state()).length < 4_000, run.name);
    }
  });

  it('a state of another kind is ignored without an exception', () => {
    fc.assert(
      fc.property(fc.constantFrom(...AGENTS), fc.jsonValue(), fc.jsonValue(), (agent, value, memory) => {
        for (const state of [
          value,
          { grammar: 'claude', memory },
          { grammar: agent, unread: value, document: memory, memory: value },
        ] as Json[]) {
          const reader = readerOf(agent, state, { state });
          assertEvents([...reader.line('{"type":"result"}'), ...reader.end({ exitCode: 1 }, '')]);
          reader.state();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('values of wrong types anywhere never throw, and yield only well-formed events', () => {
    const wrong = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(
        null,
        true,
        -1,
        1e308,
        1e21,
        '',
        '\u0000',
        '[]',
        Number.MAX_SAFE_INTEGER,
        {},
        [],
        '__proto__',
        'constructor',
        [[[[]]]],
      ),
    );
    fc.assert(
      fc.property(
        anyRun,
        fc.array(fc.tuple(fc.nat(), fc.nat(), wrong), { minLength: 1, maxLength: 12 }),
        (run, changes) => {
          const messages = linesOf(run.output).map(parsed);
          for (const [line, field, value] of changes) {
            const message = messages[line % messages.length];
            const places = placesIn(message);
            const place = places[field % Math.max(1, places.length)];
            if (place) place.holder[place.key] = structuredClone(value);
          }
          const reader = readerOf(run.agent);
          assertEvents([
            ...messages.flatMap((message) => reader.line(JSON.stringify(message) ?? '')),
            ...endOf(run, reader),
          ]);
          JSON.stringify(reader.state());
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('any line and any end never throw', () => {
    const type = fc.constantFrom(
      'assistant',
      'user',
      'system',
      'result',
      'stream_event',
      'rate_limit_event',
      'item.completed',
      'turn.failed',
      'error',
      'message',
      'tool_use',
      'tool_result',
      'step_finish',
      'session.error',
      'tool.execution_complete',
      'message_start',
      'message_update',
      'message_end',
      'agent_settled',
      'assistant.usage',
      'model.call_finished',
    );
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record({
          type,
          data: fc.jsonValue(),
          message: fc.jsonValue(),
          item: fc.jsonValue(),
          error: fc.jsonValue(),
          part: fc.jsonValue(),
          stats: fc.jsonValue(),
        })
        .map((value) => JSON.stringify(value)),
    );
    const exit = fc.record(
      { exitCode: fc.integer({ min: -1, max: 300 }), signal: fc.constantFrom('SIGKILL', 'SIGTERM') },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...AGENTS),
        fc.array(line, { maxLength: 20 }),
        exit,
        fc.string({ unit: 'binary' }),
        fc.option(fc.json(), { nil: undefined }),
        (agent, lines, how, stderr, report) => {
          const reader = readerOf(agent);
          assertEvents([...lines.flatMap((each) => reader.line(each)), ...reader.end(how, stderr, report)]);
        },
      ),
      { numRuns: 1500 },
    );
  });
});

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

interface Place {
  readonly holder: { [key: string]: unknown };
  readonly key: string;
}

/** Every value inside a message, as something that can be replaced. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as { [key: string]: unknown };
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
