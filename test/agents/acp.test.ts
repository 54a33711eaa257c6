import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AgentEvent, AgentReader } from '../../src/core/model/agentEvent.ts';
import { type Line, linesOf, type ToolCalls, turnLines } from '../../src/driver/acpLines.ts';
import { outcomeOf, questionOf } from '../../src/driver/acpRequest.ts';
import { acpNames, acpOutput, acpReplay } from './support/acpReplay.ts';
import { assertEvents } from './support/eventShape.ts';
import { messagesIn, ofType, testCatalog } from './support/streams.ts';

const { catalog, problems } = testCatalog({ agents: { tiny: { extends: 'acp', command: 'tiny', args: ['--acp'] } } });
const profile = catalog.find('tiny')!;

function read(lines: readonly Line[], reader: AgentReader = profile.reader()): AgentEvent[] {
  return [...lines.flatMap((line) => reader.line(JSON.stringify(line))), ...reader.end({ exitCode: 0 }, '')];
}

const NAMES = acpNames();
const ANSWER = 'The answer is 42. All tasks in the plan are done.';
const SAYS = 'I will read the file.';
const TOUCH = ['touch touched.txt'];
const TAIL = ['tail -f hello.txt | cat'];
const CODEX_TOUCH = 'touch touched.txt';

/** Text, cost (10⁻⁹ USD, with the prices of the tests where it is priced) and its source, tools, and the end. */
type Expected = readonly [
  text: string,
  cost: readonly [number, string] | undefined,
  tools: readonly string[],
  end: string,
];
const EXPECTED: { readonly [name: string]: Expected } = {
  // It was ended while it tried again.
  'claude-401': ['', undefined, [], 'task'],
  'claude-calls': [ANSWER, [22_376_000, 'reported'], [], 'ok'],
  'claude-cancel': [
    [1, 2, 3, 4].map((step) => `Working on step ${step} of 120. `).join(''),
    ...([[11_188_000, 'reported'] as const, [], 'aborted'] as const),
  ],
  'claude-cancel-tool': [SAYS, [23_276_000, 'reported'], TAIL, 'aborted'],
  'claude-touch-allow': [SAYS + ANSWER, [34_464_000, 'reported'], TOUCH, 'ok'],
  'claude-touch-reject': [SAYS + ANSWER, [34_464_000, 'reported'], TOUCH, 'ok'],
  'cline-tool': ['', undefined, [], 'auth'],
  'codex-touch-allow': [ANSWER, [0, 'unknown'], TOUCH, 'ok'],
  'copilot-touch-allow': [ANSWER, [6_469_000, 'priced'], TOUCH, 'ok'],
  'gemini-cancel-tool': ['', [0, 'unknown'], TAIL, 'aborted'],
  // The prompt was sent before it had told again what was said before; the driver waits for that.
  'gemini-load': [ANSWER + ANSWER, [15_722_000, 'priced'], ['Shell'], 'ok'],
  'gemini-touch-allow': [ANSWER, [31_669_000, 'priced'], TOUCH, 'ok'],
  'opencode-401': ['', undefined, [], 'auth'],
  'opencode-cancel-tool': ['', [0, 'unknown'], TAIL, 'aborted'],
  'opencode-touch-allow': [ANSWER, [19_407_000, 'reported'], TOUCH, 'ok'],
  'qwen-touch-allow': [ANSWER, [6_469_000, 'priced'], TOUCH, 'ok'],
};

describe('recordings of real agents of the Agent Client Protocol', () => {
  it('are all in the table', () => {
    assert.deepEqual(problems, []);
    assert.deepEqual(NAMES.sort(), Object.keys(EXPECTED).sort());
  });

  for (const name of NAMES)
    it(`R6.6 ${name}: text, tools, cost, end`, () => {
      const events = read(acpReplay(name).lines);
      const [cost, another] = ofType(events, 'cost');
      const end = ofType(events, 'end').at(-1);
      const tools = ofType(events, 'toolCall').map(({ summary }) => summary);
      assert.equal(another, undefined, 'a cost is reported once');
      assert.deepEqual(
        [messagesIn(events).join(''), cost && [cost.cost, cost.source], tools, end?.ok ? 'ok' : end?.cause],
        EXPECTED[name],
      );
    });

  it('R17.1 a request shows the command itself, whatever form the agent gives it, and offers its choices', () => {
    const asking = NAMES.filter((name) => acpReplay(name).questions.length > 0);
    assert.deepEqual(
      asking.map((name) => name.split('-')[0]),
      ['claude', 'claude', 'codex', 'copilot', 'gemini', 'gemini', 'opencode', 'opencode', 'qwen'],
    );
    for (const name of asking) {
      const { questions, answers } = acpReplay(name);
      const [question] = questions;
      assert.ok(question, name);
      assert.deepEqual(
        [question.request.kind, question.request.command],
        ['command', name.includes('cancel') ? TAIL[0] : CODEX_TOUCH],
        name,
      );
      const [once] = question.choices.filter(({ kind }) => kind === 'allowOnce');
      const [deny] = question.choices.filter(({ kind }) => kind === 'denyOnce');
      assert.ok(once && deny, name);
      const isDenied = name.includes('reject');
      const answer = isDenied ? { allow: false } : { allow: true, choice: once.id };
      assert.deepEqual(outcomeOf(answer, question), answers[0], 'as the recorded client has answered');
    }
    assert.deepEqual(outcomeOf(undefined, { request: {} as never, choices: [] }), { outcome: 'cancelled' });
  });

  it('R17.1 a change of files is shown with its lines', () => {
    const content = [{ type: 'diff', path: '/w/a.txt', oldText: 'one\n', newText: 'two\nthree' }];
    const toolCall = { toolCallId: 't', title: 'Edit', kind: 'edit', content };
    const question = questionOf({ toolCall, options: [{ optionId: 'a', name: 'A', kind: 'allow_once' }] }, new Map());
    assert.deepEqual(question?.request, {
      ...{ kind: 'edit', tool: 'edit', title: 'Edit', paths: ['/w/a.txt'] },
      diff: '--- /w/a.txt\n-one\n+two\n+three',
    });
    assert.equal(questionOf({ toolCall, options: [{ optionId: 'a', kind: 'allow_for_ever' }] }, new Map()), undefined);
    const options = ['allow_once', 'reject_once', 'allow_always'].map((kind, at) => {
      return { optionId: at < 2 ? 'same' : 'other', name: 'No', kind };
    });
    const ids = questionOf({ toolCall, options }, new Map())?.choices.map(({ id }) => id);
    assert.deepEqual(ids, ['other'], 'nobody knows which of two with one id is chosen');
  });
});

describe('a profile of an agent of the Agent Client Protocol', () => {
  it('R17.1 starts the driver with the program behind it; a mode and a session are the driver’s to set', () => {
    const agents = { a: { extends: 'acp', command: 'gemini', args: ['--acp'], model: 'm', mode: 'yolo' } };
    const found = testCatalog({ agents }).catalog;
    const plan = found.find('a')?.plan({ loopId: 'x', prompt: '/help', cwd: '/', resume: 's', newMessage: true });
    assert.deepEqual(plan?.command, '/node');
    assert.deepEqual(plan?.args, [
      ...['/driver.cjs', '--asks', '${asksFolder}', '--resume', 's', '--mode', 'yolo', '--model', 'm'],
      ...['--', 'gemini', '--acp'],
    ]);
    assert.deepEqual([plan?.stdin, plan?.env], ['\n/help', { ELECTRON_RUN_AS_NODE: '1' }]);
    assert.equal(found.facts('a')?.command, 'gemini', 'the program that is looked for');
    assert.equal(found.find('a')?.account, 'a', 'nothing is known of its login');
  });

  it('only such a profile takes any mode, and each names its program', () => {
    const wrong = (profile: object) => testCatalog({ agents: { a: profile } }).problems[0];
    assert.match(wrong({ extends: 'claude', mode: 'x' }) ?? '', /has a "mode", which claude does not support/);
    assert.match(wrong({ extends: 'acp' }) ?? '', /lacks "command"/);
    assert.match(wrong({ extends: 'acp', command: 'x', permissionMode: 'plan' }) ?? '', /does not support/);
    assert.equal(testCatalog().catalog.find('acp'), undefined);
  });
});

describe('the reader of our driver', () => {
  it('R6.6 a session that goes on is billed for what it adds; without a known base, for nothing that is a guess', () => {
    const first = profile.reader();
    read(
      [
        { acp: 'session', id: 's' },
        { acp: 'total', usd: 0.03 },
        { acp: 'stop', reason: 'end_turn' },
      ],
      first,
    );
    const next = [
      { acp: 'text', text: 'x' },
      { acp: 'total', usd: 0.05 },
      { acp: 'stop', reason: 'end_turn' },
    ];
    const costs = (reader: AgentReader) => ofType(read(next, reader), 'cost').map(({ cost, source }) => [cost, source]);
    assert.deepEqual(costs(profile.reader(undefined, { state: first.state() })), [[20_000_000, 'reported']]);
    assert.deepEqual(costs(profile.reader(undefined, {})), [[0, 'unknown']]);
  });

  it('R14 a step that fails names whose trouble it is', () => {
    const cause = (line: object) => ofType(read([{ acp: 'error', ...line }]), 'end').at(-1);
    const causes = [
      { at: 'agent', message: 'spawn nosuch ENOENT' },
      { at: 'mode', message: 'the agent has no mode "x"' },
      { at: 'load', message: 'No session 1' },
      { at: 'prompt', message: 'Too many requests', code: 429 },
      { at: 'prompt', message: 'x', code: -32000 },
      { at: 'prompt', message: 'something else' },
    ].map((line) => {
      const end = cause(line);
      return end?.ok === false && end.cause;
    });
    assert.deepEqual(causes, ['config', 'config', 'session', 'provider', 'auth', 'task']);
  });

  it('R8.2 cut at any byte, joined or fed piece by piece: never an exception, and no other events', () => {
    const anyName = fc.constantFrom(...NAMES);
    fc.assert(
      fc.property(anyName, fc.nat(20_000), (name, at) => {
        const text = acpOutput(acpReplay(name).lines);
        const cut = text.slice(0, at % (text.length + 1)).split('\n');
        const reader = profile.reader();
        const events = cut.flatMap((line) => reader.line(line));
        assertEvents([...events, ...reader.end({ signal: 'SIGKILL' }, '')]);
        const whole = profile.reader();
        const all = text.split('\n').flatMap((line) => whole.line(line));
        assert.deepEqual(told(events), told(all).slice(0, told(events).length));
        const joined = profile.reader();
        assert.deepEqual(told(joined.line(text.replaceAll('\n', ''))), told(all));
      }),
      { numRuns: 60 },
    );
  });

  it('R8.2 lines of any shape are events or nothing', () => {
    const names = ['session', 'text', 'tool', 'result', 'tokens', 'total', 'stop', 'error', 'account', 'model'];
    const line = fc.record({ acp: fc.constantFrom(...names), id: fc.jsonValue(), usd: fc.jsonValue() });
    fc.assert(
      fc.property(fc.array(fc.tuple(line, fc.dictionary(fc.string(), fc.jsonValue()))), (lines) => {
        assertEvents(read(lines.map(([one, more]) => ({ ...more, ...one }) as Line)));
      }),
      { numRuns: 100 },
    );
    const calls: ToolCalls = new Map();
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom('tool_call', 'usage_update'),
        (any, kind) => {
          linesOf({ ...any, sessionUpdate: kind }, calls);
          questionOf(any, calls);
          turnLines(any);
        },
      ),
    );
  });
});

/** The events, without the warnings about lines that could not be read. */
function told(events: readonly AgentEvent[]): string[] {
  return events.filter(({ type }) => type !== 'warning').map((event) => JSON.stringify(event));
}
