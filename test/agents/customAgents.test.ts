import assert from 'node:assert/strict';
import { testCatalog } from './support/streams.ts';

describe('profiles of the settings', () => {
  it('a shell one-liner works', () => {
    const { catalog, problems } = testCatalog({
      agents: { notes: { command: 'sh', args: ['-c', 'cat >> notes.txt'] } },
    });
    assert.deepEqual(problems, []);
    const notes = catalog.find('notes');
    const plan = notes?.plan({ loopId: 'x', prompt: 'p', cwd: '/' });
    assert.deepEqual(plan && { ...plan }, {
      command: 'sh',
      args: ['-c', 'cat >> notes.txt'],
      env: {},
      stdin: 'p',
      stopSteps: [{ signal: 'SIGTERM', share: 1 }],
    });
    assert.equal(notes?.hasCost, false);
    assert.equal(notes?.needsReading, false);
    assert.equal(notes?.canResume, false);
    assert.equal(catalog.facts('notes')?.command, 'sh');
  });

  it('"shell": true has the system’s shell run the line, and the prompt is no part of it', () => {
    const { catalog, problems } = testCatalog({ agents: { words: { command: 'wc -w && echo done', shell: true } } });
    assert.deepEqual(problems, []);
    const plan = catalog.find('words')?.plan({ loopId: 'x', prompt: '$(rm -rf /)', cwd: '/' });
    assert.deepEqual(
      [plan?.command, plan?.args, plan?.stdin],
      ['/bin/sh', ['-c', 'wc -w && echo done'], '$(rm -rf /)'],
    );
    assert.equal(catalog.facts('words')?.command, '/bin/sh', 'the program that is looked for');
    for (const command of ['/opt/My Tools/agent', 'claude', './run.sh'])
      assert.deepEqual(testCatalog({ agents: { a: { command } } }).problems, [], command);
  });

  it('a built-in profile is changed under its own name, and another is made from it', () => {
    const { catalog, problems } = testCatalog({
      agents: { claude: { model: 'opus' }, 'claude-careful': { extends: 'claude', permissionMode: 'plan' } },
    });
    assert.deepEqual(problems, []);
    assert.ok(catalog.find('claude')?.plan({ loopId: 'x', prompt: 'p', cwd: '/' }).args.includes('opus'));
    assert.deepEqual(catalog.facts('claude-careful')?.mode, { option: 'permissionMode', value: 'plan' });
    assert.deepEqual(catalog.names(), [
      'sample',
      'claude',
      'codex',
      'gemini',
      'opencode',
      'copilot',
      'pi',
      'qwen',
      'kilo',
      'claude-careful',
    ]);
    assert.equal(catalog.find('claude-careful')?.name, 'claude-careful');
  });

  it('it inherits the reader of the profile it extends', () => {
    const { catalog } = testCatalog({ agents: { mine: { extends: 'codex', command: 'my-codex' } } });
    assert.deepEqual(catalog.find('mine')?.reader().line('{"type":"thread.started","thread_id":"t"}'), [
      { type: 'session', sessionId: 't' },
    ]);
  });

  it('plain reads lines of text and leaves the verdict to the exit code', () => {
    const { catalog } = testCatalog({ agents: { job: { command: 'job' } } });
    const reader = catalog.find('job')?.reader();
    assert.deepEqual(reader?.line('{"type":"result"}'), [{ type: 'text', text: '{"type":"result"}', delta: false }]);
    assert.deepEqual(reader?.end({ exitCode: 3 }, 'oops'), []);
  });

  it('there is no agent "plain": it names no program', () => {
    assert.equal(testCatalog().catalog.find('plain'), undefined);
    assert.equal(testCatalog().catalog.facts('plain'), undefined);
  });

  const wrong: readonly [what: string, agents: unknown, problem: RegExp][] = [
    ['no object', ['claude'], /^loopSupervisor\.agents: must be an object of profiles by name/],
    [
      'a line for a shell in place of a program',
      { a: { command: 'wc -w && echo done' } },
      /"command": "wc -w && echo done", which is a shell line, not a program: put the words .* into "args", or .* "shell": true/,
    ],
    [
      'a shell for an agent that is none',
      { a: { extends: 'claude', shell: true } },
      /"shell": true, which claude does not support/,
    ],
    [
      'a shell line with arguments',
      { a: { command: 'wc', shell: true, args: ['-w'] } },
      /"shell": true and "args": write the whole line into "command"/,
    ],
    [
      'a shell line with the prompt as an argument',
      { a: { command: 'wc', shell: true, prompt: 'argument' } },
      /"shell": true and "prompt": "argument": a shell gets it on standard input only/,
    ],
    ['a profile that is no object', { a: 'claude' }, /the profile "a" must be an object; it is skipped/],
    [
      'a name with a space',
      { 'my agent': { command: 'x' } },
      /the profile "my agent" has no usable name: a name is 1 to 64/,
    ],
    [
      'an unknown base',
      { a: { extends: 'aider', command: 'x' } },
      /extends "aider", which is not a built-in profile: "extends" is one of sample, claude, .*, pi, qwen, kilo, acp and plain/,
    ],
    ['no command', { a: { extends: 'plain' } }, /"a" lacks "command", the program to run/],
    ['an empty command', { a: { command: '  ' } }, /wrong "command" \(" {2}"\): it must name a program/],
    [
      'an unknown option',
      { a: { command: 'x', arguments: [] } },
      /has no option "arguments": options are extends, command, args, env/,
    ],
    ['args that are no list', { a: { command: 'x', args: '-v' } }, /wrong "args" \("-v"\): it must be a list of texts/],
    [
      'an argument that is no text',
      { a: { command: 'x', args: ['-n', 5] } },
      /wrong "args\[1\]" \(5\): it must be text/,
    ],
    [
      'an environment value that is no text',
      { a: { command: 'x', env: { N: 5 } } },
      /wrong "env\.N" \(5\): it must be text/,
    ],
    [
      'an unknown channel',
      { a: { command: 'x', prompt: 'pipe' } },
      /wrong "prompt" \("pipe"\): it is one of stdin, argument and file/,
    ],
    ['a file channel without its place', { a: { command: 'x', prompt: 'file' } }, /no \$\{promptFile\} in "args"/],
    ['the place without a file channel', { a: { command: 'x', args: ['${promptFile}'] } }, /needs "prompt": "file"/],
    [
      'an unknown permission mode',
      { claude: { permissionMode: 'yolo' } },
      /a "permissionMode" of "yolo": it is one of default, acceptEdits, plan/,
    ],
    [
      'a permission mode named as an inherited property',
      { claude: { permissionMode: 'constructor' } },
      /it is one of default, acceptEdits/,
    ],
    [
      'the wrong mode option',
      { codex: { permissionMode: 'auto' } },
      /has a "permissionMode", which codex does not support: its option is "sandbox"/,
    ],
    [
      'a model for a plain command',
      { a: { command: 'x', model: 'gpt' } },
      /has a "model", which plain does not support/,
    ],
    ['a model that is an option', { claude: { model: '--help' } }, /wrong "model" \("--help"\): it must name a model/],
    [
      'commands that are no yes or no',
      { claude: { commands: 'yes' } },
      /wrong "commands" \("yes"\): it must be true or false/,
    ],
    ['an unknown resume', { claude: { resume: true } }, /wrong "resume" \(true\): it is one of auto and never/],
    [
      'an unknown signal',
      { claude: { stop: ['SIGKILL'] } },
      /wrong "stop\[0\]" \("SIGKILL"\): it is one of SIGINT and SIGTERM/,
    ],
    ['no signals', { claude: { stop: [] } }, /wrong "stop" \(\[\]\): it must name at least one signal/],
    ['a NUL', { a: { command: 'x\0y' } }, /must not hold a NUL character/],
    ['a channel for the sample agent', { sample: { prompt: 'argument' } }, /takes its prompt on standard input only/],
  ];
  for (const [what, agents, problem] of wrong) {
    it(`${what} is reported and left out, and the rest works`, () => {
      const good = { notes: { command: 'cat' } };
      const { catalog, problems } = testCatalog({
        agents: Array.isArray(agents) ? agents : { ...(agents as object), ...good },
      });
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
      assert.match(problems[0] ?? '', /^loopSupervisor\.agents: .*\.$/);
      assert.equal(catalog.find('a'), undefined);
      for (const name of ['claude', 'codex', 'sample', ...(Array.isArray(agents) ? [] : ['notes'])])
        assert.ok(catalog.find(name), name);
    });
  }

  it('each wrong option of a profile is reported', () => {
    const { problems } = testCatalog({ agents: { a: { command: 5, args: 'x', prompt: 'y' } } });
    assert.equal(problems.length, 3);
  });

  it('empty settings have no problems', () => {
    for (const agents of [undefined, null, {}]) assert.deepEqual(testCatalog({ agents }).problems, []);
  });
});

describe('facts about the agents', () => {
  const BUILT_IN = ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo'];
  const sentence = (text: string) => /^[A-Z].*\.$/.test(text);

  for (const name of BUILT_IN) {
    it(`${name}: how to check, install, log in and continue in a terminal`, () => {
      const { catalog } = testCatalog();
      const facts = catalog.facts(name);
      assert.ok(facts?.install && facts.login && facts.versionArgs && facts.loginArgs, name);
      assert.match(facts.minimumVersion ?? '', /^\d+\.\d+\.\d+$/);
      assert.ok(facts.resumeArgs?.some((arg) => arg.includes('${session}')));
      assert.ok(facts.modes.every(({ meaning }) => sentence(meaning)));
      assert.ok([...facts.cannot, ...facts.notes].every(sentence));
      // Every option on our command line is one that the check looks for.
      const { args } = catalog.find(name)!.plan({ loopId: 'x', prompt: 'p', cwd: '/', costLeft: 1e9 });
      const known = facts.help.flatMap(({ options }) => options);
      const short: { readonly [option: string]: string } = { '-p': '--print', '-c': '--config', '-m': '--model' };
      for (const option of args.filter((arg) => /^--?[a-z]/.test(arg))) {
        const [long = option] = (short[option] ?? option).split('=');
        assert.ok(known.includes(long), `${name} ${long}`);
      }
    });

    it(`R6.8 ${name}: its unbounded spending is stated before it is chosen`, () => {
      const { catalog } = testCatalog();
      const [profile, facts] = [catalog.find(name), catalog.facts(name)];
      assert.equal(
        profile?.spending === 'atEnd',
        facts?.cannot.some((text) => /nothing limits it while it runs/.test(text)),
      );
      // One without a mode has nothing to say no with.
      assert.equal(
        facts?.mode === undefined,
        facts?.cannot.some((text) => /has no permissions/.test(text)),
      );
    });
  }

  it('a profile’s mode is among those explained', () => {
    const { catalog } = testCatalog();
    for (const name of BUILT_IN) {
      const facts = catalog.facts(name);
      if (facts?.mode)
        assert.ok(
          facts.modes.some(({ value }) => value === facts.mode?.value),
          name,
        );
    }
  });

  it('R14.3 Pi can be asked about its login if the model is known', () => {
    assert.equal(testCatalog().catalog.facts('pi')?.loginStatus, undefined);
    const { catalog } = testCatalog({ agents: { pi: { model: 'openai/gpt-5.5' } } });
    assert.deepEqual(catalog.facts('pi')?.loginStatus?.args, ['auth', 'check', '--model', 'openai/gpt-5.5']);
  });

  it('a profile that lets claude have background tasks says so', () => {
    const note = (options: object) =>
      testCatalog({ agents: { claude: options } })
        .catalog.facts('claude')
        ?.notes.some((text) => /background/i.test(text));
    assert.equal(note({}), false);
    assert.equal(note({ env: { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '0' } }), true);
    assert.equal(note({ args: ['--settings', 'mine.json'] }), true);
  });

  it('the sample agent is ours', () => {
    const facts = testCatalog().catalog.facts('sample');
    assert.equal(facts?.bundled, true);
    assert.deepEqual(facts?.versionArgs, ['/sampleAgent.cjs', '--version']);
    assert.deepEqual(facts?.env, { ELECTRON_RUN_AS_NODE: '1' });
  });
});
