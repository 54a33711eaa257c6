import assert from 'node:assert/strict';
import { RESUME_INSTRUCTION } from '../../src/agents/profile.ts';
import type { CommandPlan, PlanRequest } from '../../src/core/ports/agents.ts';
import { testCatalog } from './support/streams.ts';

const REQUEST: PlanRequest = { loopId: 'loop-1', prompt: 'Do the work.', cwd: '/home/me/project' };
const FIRST_ID = '00000000-0000-4000-8000-000000000001';
const SESSION = '11111111-2222-4333-8444-555555555555';

function profile(name: string, agents?: unknown) {
  const { catalog, problems } = testCatalog({ agents });
  assert.deepEqual(problems, []);
  const found = catalog.find(name);
  assert.ok(found);
  return found;
}

function plan(name: string, request: Partial<PlanRequest> = {}, options?: unknown): CommandPlan {
  return profile(name, options === undefined ? undefined : { [name]: options }).plan({ ...REQUEST, ...request });
}

describe('plans of the agents', () => {
  describe('a fresh start', () => {
    const cases: readonly [agent: string, command: string, args: readonly string[], sessionId: string | undefined][] = [
      [
        'claude',
        'claude',
        [
          '-p',
          '--output-format',
          'stream-json',
          '--verbose',
          '--permission-mode',
          'acceptEdits',
          '--settings',
          '{"env":{"CLAUDE_CODE_DISABLE_BACKGROUND_TASKS":"1"}}',
          '--session-id',
          FIRST_ID,
        ],
        FIRST_ID,
      ],
      [
        'codex',
        'codex',
        [
          'exec',
          '--json',
          '--skip-git-repo-check',
          '-c',
          'analytics.enabled=false',
          '--sandbox',
          'workspace-write',
          '-',
        ],
        undefined,
      ],
      [
        'gemini',
        'gemini',
        ['--output-format', 'stream-json', '--skip-trust', '--approval-mode', 'auto_edit', '--session-id', FIRST_ID],
        FIRST_ID,
      ],
      ['opencode', 'opencode', ['run', '--format', 'json', '--print-logs', '--log-level', 'ERROR'], undefined],
      ['kilo', 'kilo', ['run', '--format', 'json', '--print-logs', '--log-level', 'ERROR'], undefined],
      ['pi', 'pi', ['--mode', 'json', '--session-id', FIRST_ID], FIRST_ID],
      [
        'qwen',
        'qwen',
        ['--output-format', 'stream-json', '--approval-mode', 'auto-edit', '--session-id', FIRST_ID],
        FIRST_ID,
      ],
      [
        'copilot',
        'copilot',
        [
          '--output-format',
          'json',
          '--no-auto-update',
          '--no-ask-user',
          '--allow-tool=write',
          '--session-id',
          FIRST_ID,
          '--usage-output-file',
          '${reportFile}',
        ],
        FIRST_ID,
      ],
      [
        'sample',
        '/node',
        [
          ...['/sampleAgent.cjs', '-p', '--output-format', 'stream-json', '--asks', '${asksFolder}'],
          ...['--session-id', FIRST_ID],
        ],
        FIRST_ID,
      ],
    ];
    for (const [agent, command, args, sessionId] of cases) {
      it(`R1.4 ${agent}: the prompt on standard input, and never on the command line`, () => {
        const made = plan(agent);
        assert.equal(made.command, command);
        assert.deepEqual(made.args, args);
        assert.equal(made.stdin, REQUEST.prompt);
        assert.equal(made.sessionId, sessionId);
        assert.equal(made.promptFile, undefined);
      });
    }
  });

  describe('a restart continues the session', () => {
    const cases: readonly [agent: string, part: readonly string[]][] = [
      ['claude', ['--resume', SESSION]],
      ['codex', ['resume', SESSION, '-']],
      ['gemini', ['--resume', SESSION]],
      ['opencode', ['--session', SESSION]],
      ['kilo', ['--session', SESSION]],
      ['pi', ['--session', SESSION]],
      ['qwen', ['--resume', SESSION]],
      ['copilot', [`--resume=${SESSION}`]],
      ['sample', ['--resume', SESSION]],
    ];
    for (const [agent, part] of cases) {
      it(`R5.1 ${agent}: with a short instruction in place of the prompt`, () => {
        const made = plan(agent, { resume: SESSION });
        const at = made.args.indexOf(part[0] ?? '');
        assert.deepEqual(made.args.slice(at, at + part.length), part);
        assert.equal(made.stdin, RESUME_INSTRUCTION);
        assert.equal(made.sessionId, undefined);
        assert.ok(!made.args.includes('--session-id'));
      });

      it(`R11.2 ${agent}: a new message for the session goes to it whole`, () => {
        const made = plan(agent, { resume: SESSION, newMessage: true, prompt: 'The check failed.' });
        assert.equal(made.stdin, 'The check failed.');
        assert.ok(made.args.some((arg) => arg.includes(SESSION)));
      });

      it(`R5.1 ${agent}: not with "resume": "never"`, () => {
        const never = profile(agent, { [agent]: { resume: 'never' } });
        assert.equal(never.canResume, false);
        const made = never.plan({ ...REQUEST, resume: SESSION });
        assert.ok(!made.args.some((arg) => arg.includes(SESSION)));
        assert.equal(made.stdin, REQUEST.prompt);
      });
    }

    it('codex takes options only before "resume"', () => {
      assert.deepEqual(
        plan('codex', { resume: SESSION }, { model: 'gpt-5.3-codex', args: ['--ephemeral'] }).args.slice(5),
        ['--sandbox', 'workspace-write', '-m', 'gpt-5.3-codex', '--ephemeral', 'resume', SESSION, '-'],
      );
    });
  });

  describe('options of a profile', () => {
    const cases: readonly [agent: string, options: object, there: readonly string[], gone: readonly string[]][] = [
      ['claude', { model: 'opus', permissionMode: 'plan' }, ['--model', 'opus'], ['acceptEdits']],
      ['pi', { model: 'openai/gpt-5.5', args: ['--tools', 'read'] }, ['--model', 'openai/gpt-5.5'], []],
      ['pi', { args: ['--continue'] }, ['--continue'], ['--session-id']],
      ['qwen', { model: 'q', permissionMode: 'yolo' }, ['--approval-mode', 'yolo', '-m', 'q'], ['auto-edit']],
      ['kilo', { permissionMode: 'auto' }, ['--auto'], []],
      ['opencode', { args: ['--log-level', 'INFO'] }, ['--log-level', 'INFO'], ['--print-logs']],
      [
        'claude',
        { args: ['--permission-mode', 'dontAsk', '--model=haiku'], model: 'opus' },
        ['--permission-mode', 'dontAsk'],
        ['acceptEdits', 'opus'],
      ],
      [
        'claude',
        { args: ['--dangerously-skip-permissions'] },
        ['--dangerously-skip-permissions'],
        ['--permission-mode'],
      ],
      ['claude', { args: ['--continue'] }, ['--continue'], ['--session-id']],
      ['codex', { model: 'gpt-5.5', sandbox: 'read-only' }, ['--sandbox', 'read-only', '-m', 'gpt-5.5'], []],
      ['codex', { args: ['--dangerously-bypass-approvals-and-sandbox'] }, [], ['--sandbox']],
      ['gemini', { model: 'pro', permissionMode: 'yolo' }, ['--approval-mode', 'yolo', '-m', 'pro'], []],
      ['gemini', { args: ['--yolo'] }, ['--yolo'], ['--approval-mode']],
      [
        'opencode',
        { model: 'anthropic/claude-sonnet-5', permissionMode: 'auto' },
        ['-m', 'anthropic/claude-sonnet-5', '--auto'],
        [],
      ],
      [
        'copilot',
        { model: 'gpt-5.4', permissionMode: 'all-tools' },
        ['--allow-all-tools', '--model', 'gpt-5.4'],
        ['--allow-tool=write'],
      ],
      ['copilot', { permissionMode: 'default' }, [], ['--allow-tool=write', '--allow-all-tools']],
      ['copilot', { args: ['--usage-output-file', 'mine.json'] }, ['mine.json'], ['${reportFile}']],
    ];
    for (const [agent, options, there, gone] of cases) {
      it(`${agent} with ${JSON.stringify(options)}`, () => {
        const made = plan(agent, {}, options);
        const from = made.args.findIndex((_, at) => there.every((arg, index) => made.args[at + index] === arg));
        assert.ok(from >= 0, made.args.join(' '));
        for (const arg of gone) assert.ok(!made.args.includes(arg), `${arg} in ${made.args.join(' ')}`);
      });
    }

    it('no profile disables questions by default if a safer mode works unattended', () => {
      for (const name of testCatalog().catalog.names()) {
        const line = plan(name).args.join(' ');
        assert.doesNotMatch(line, /dangerously|bypass|yolo|allow-all|danger-full-access|--auto\b|--trust\b/, name);
      }
    });

    it('command, environment and further arguments', () => {
      const made = plan(
        'claude',
        {},
        { command: '/opt/claude', args: ['--allowedTools', 'Bash(npm test)'], env: { ANTHROPIC_LOG: 'debug' } },
      );
      assert.equal(made.command, '/opt/claude');
      assert.deepEqual(made.args.slice(-2), ['--allowedTools', 'Bash(npm test)']);
      assert.deepEqual(made.env, {
        CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
        DISABLE_AUTOUPDATER: '1',
        ANTHROPIC_LOG: 'debug',
      });
    });

    it('a report file only where the program writes one', () => {
      assert.equal(plan('copilot').reportFile, true);
      assert.equal(plan('copilot', {}, { args: ['--usage-output-file=x'] }).reportFile, undefined);
      assert.equal(plan('claude').reportFile, undefined);
    });
  });

  describe('the prompt', () => {
    const NASTY = '--help\n$(rm -rf /) `x` "q" \'s\' \\ \u{1F600} \u00e9 ${prompt} ${promptFile}\n';

    for (const agent of ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo', 'sample']) {
      it(`R1.4 goes to ${agent} byte for byte, whatever is in it`, () => {
        assert.equal(plan(agent, { prompt: NASTY }).stdin, NASTY);
        assert.equal(profile(agent).refuse('x'.repeat(5_000_000)), undefined);
        assert.deepEqual(plan(agent, { prompt: NASTY }).args, plan(agent).args);
      });
    }

    it('R1.5 a slash at its beginning is text', () => {
      assert.equal(plan('claude', { prompt: '/clear\nnow' }).stdin, '\n/clear\nnow');
      for (const agent of ['gemini', 'qwen']) assert.equal(plan(agent, { prompt: '/chat' }).stdin, '\n/chat');
      for (const agent of ['codex', 'copilot', 'pi', 'opencode', 'kilo', 'sample'])
        assert.equal(plan(agent, { prompt: '/chat now' }).stdin, '/chat now');
      assert.equal(plan('claude', { prompt: ' /clear' }).stdin, ' /clear');
    });

    it('R1.5 a command of the agent is known as one, a path is not', () => {
      for (const agent of ['claude', 'gemini', 'qwen', 'opencode', 'kilo']) {
        assert.equal(profile(agent).commandIn('/goal all tests pass'), '/goal', agent);
        assert.equal(profile(agent).commandIn('/compact'), '/compact', agent);
        for (const prompt of ['/etc/hosts is wrong', '/ 2', ' /goal', 'goal', '//x', '/2 or 3'])
          assert.equal(profile(agent).commandIn(prompt), undefined, `${agent} ${prompt}`);
      }
      for (const agent of ['codex', 'copilot', 'pi', 'sample'])
        assert.equal(profile(agent).commandIn('/goal all tests pass'), undefined, agent);
    });

    it('R1.5 with "commands" it is sent as the command, in the form that the agent has', () => {
      const prompt = '/goal all tests pass';
      for (const agent of ['claude', 'gemini', 'qwen'])
        assert.equal(plan(agent, { prompt, commands: true }).stdin, prompt, agent);
      for (const agent of ['opencode', 'kilo']) {
        const made = plan(agent, { prompt, commands: true });
        assert.deepEqual(made.args.slice(-2), ['--command', 'goal'], agent);
        assert.equal(made.stdin, 'all tests pass', agent);
      }
      assert.equal(plan('codex', { prompt, commands: true }).stdin, prompt);
      // A path stays text.
      assert.equal(plan('claude', { prompt: '/etc/hosts', commands: true }).stdin, '\n/etc/hosts');
    });

    it('R1.5 a profile can say so for all its loops, and a loop otherwise', () => {
      assert.equal(plan('claude', { prompt: '/goal x' }, { commands: true }).stdin, '/goal x');
      assert.equal(plan('claude', { prompt: '/goal x', commands: false }, { commands: true }).stdin, '\n/goal x');
    });

    it('R1.4 in a file: the plan carries it, and args name the file', () => {
      const made = profile('job', { job: { command: 'job', args: ['--input', '${promptFile}'], prompt: 'file' } }).plan(
        {
          ...REQUEST,
          prompt: NASTY,
        },
      );
      assert.equal(made.promptFile, NASTY);
      assert.deepEqual(made.args, ['--input', '${promptFile}']);
      assert.equal(made.stdin, undefined);
    });

    it('R1.4 as an argument: last, or where ${prompt} stands', () => {
      const last = profile('job', { job: { command: 'job', args: ['-x'], prompt: 'argument' } });
      assert.deepEqual(last.plan({ ...REQUEST, prompt: 'a b' }).args, ['-x', 'a b']);
      assert.equal(last.plan(REQUEST).stdin, undefined);
      const placed = profile('job', { job: { command: 'job', args: ['--task=${prompt}', '-x'], prompt: 'argument' } });
      assert.deepEqual(placed.plan({ ...REQUEST, prompt: '$& ${prompt}' }).args, ['--task=$& ${prompt}', '-x']);
    });

    it('R1.4 as an argument: refused where it is too long, has a NUL, or would be taken for an option', () => {
      const job = (args: string[]) => profile('job', { job: { command: 'job', args, prompt: 'argument' } });
      assert.match(job([]).refuse('é'.repeat(61 * 1024)) ?? '', /longer than the 120 KiB/);
      assert.equal(job([]).refuse('x'.repeat(120 * 1024)), undefined);
      assert.match(job([]).refuse('x'.repeat(120 * 1024 + 1)) ?? '', /120 KiB/);
      assert.match(job([]).refuse('a\0b') ?? '', /NUL/);
      assert.match(job([]).refuse('-rf') ?? '', /begins with "-"/);
      assert.match(job(['${prompt}']).refuse('-rf') ?? '', /begins with "-"/);
      assert.equal(job(['--', '${prompt}']).refuse('-rf'), undefined);
      assert.equal(job(['--task=${prompt}']).refuse('-rf'), undefined);
      assert.equal(profile('codex', { codex: { prompt: 'argument' } }).refuse('--first task'), undefined);
      assert.match(
        profile('copilot', { copilot: { prompt: 'argument' } }).refuse('--first task') ?? '',
        /begins with "-"/,
      );
    });

    it('R1.4 as an argument of the agents that know "--"', () => {
      assert.deepEqual(plan('claude', { prompt: '-x' }, { prompt: 'argument' }).args.slice(-2), ['--', '-x']);
      assert.deepEqual(plan('codex', { prompt: '-x' }, { prompt: 'argument' }).args.slice(-2), ['--', '-x']);
      assert.deepEqual(plan('gemini', { prompt: '-x' }, { prompt: 'argument' }).args.slice(-1), ['--prompt=-x']);
      assert.deepEqual(plan('opencode', { prompt: '-x' }, { prompt: 'argument' }).args.slice(-2), ['--', '-x']);
    });

    it('R1.4 Windows has less room on a command line', () => {
      const { catalog } = testCatalog({ platform: 'win32', agents: { job: { command: 'job', prompt: 'argument' } } });
      assert.match(catalog.find('job')?.refuse('x'.repeat(25 * 1024)) ?? '', /24 KiB/);
    });
  });

  describe('the cap of claude', () => {
    const cap = (usd: number) => {
      const { args } = plan('claude', { costLeft: usd * 1e9 });
      return args[args.indexOf('--max-budget-usd') + 1];
    };
    it('R6.5 what is left, less one turn; never nothing', () => {
      assert.equal(cap(5), '4.8000');
      assert.equal(cap(0.3), '0.1500');
      assert.equal(cap(0), '0.0100');
      assert.ok(!plan('claude').args.includes('--max-budget-usd'));
      assert.ok(!plan('codex', { costLeft: 1e9 }).args.some((arg) => arg.includes('budget')));
    });
  });

  it('R6.8 copilot gets its cap in credits, for a new session, and never less than it takes', () => {
    const cap = (usd: number, resume?: string) => {
      const { args } = plan('copilot', { costLeft: usd * 1e9, ...(resume !== undefined && { resume }) });
      const at = args.indexOf('--max-ai-credits');
      return at < 0 ? undefined : args[at + 1];
    };
    assert.equal(cap(5.678), '567');
    assert.equal(cap(0.1), '30');
    assert.equal(cap(5, SESSION), undefined);
    assert.ok(!plan('copilot').args.includes('--max-ai-credits'));
  });

  describe('R5.6 background tasks of claude', () => {
    const settings = (options?: object) => plan('claude', {}, options).args.includes('--settings');
    it('are ruled out where nothing of the project outranks it', () => assert.equal(settings(), true));
    it('are left to a profile that sets their variable', () => {
      assert.equal(settings({ env: { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '0' } }), false);
      assert.equal(settings({ args: ['--settings', 'mine.json'] }), true);
      assert.equal(
        plan('claude', {}, { args: ['--settings', 'mine.json'] }).args.filter((arg) => arg === '--settings').length,
        1,
      );
    });
  });

  it('R7.2 stop steps share the grace period: SIGINT first where it helps', () => {
    const steps = (name: string, options?: object) =>
      plan(name, {}, options).stopSteps.map(({ signal, share }) => `${signal} ${share}`);
    assert.deepEqual(steps('claude'), ['SIGINT 0.6', 'SIGTERM 0.4']);
    assert.deepEqual(steps('codex'), ['SIGINT 0.5', 'SIGTERM 0.5']);
    for (const name of ['gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo'])
      assert.deepEqual(steps(name), ['SIGTERM 1']);
    assert.deepEqual(steps('gemini', { stop: ['SIGINT', 'SIGTERM'] }), ['SIGINT 0.6', 'SIGTERM 0.4']);
    assert.deepEqual(steps('claude', { stop: ['SIGTERM'] }), ['SIGTERM 1']);
  });
});
