import assert from 'node:assert/strict';
import { agentReportText } from '../../src/ui/agentCheck/agentReportText.ts';

const AT = new Date(2026, 2, 10, 15, 40);
const base = { problems: [], notes: [], bundled: false };

describe('The report of Check Agents', () => {
  const text = agentReportText(
    [
      {
        ...base,
        name: 'sample',
        title: 'Sample agent',
        command: 'sample',
        path: '/ext/sampleAgent.cjs',
        bundled: true,
        version: '0.1.0',
      },
      {
        ...base,
        name: 'claude',
        title: 'Claude Code',
        command: 'claude',
        path: '/usr/bin/claude',
        version: '2.1.0',
        loggedIn: true,
        notes: ['Edits files of its folder.'],
      },
      {
        ...base,
        name: 'copilot',
        title: 'Copilot CLI',
        command: 'copilot',
        path: '/usr/bin/copilot',
        version: '1.0.0',
        login: 'run copilot',
      },
      {
        ...base,
        name: 'codex',
        title: 'Codex',
        command: 'codex',
        path: '/usr/bin/codex',
        version: '0.1.0',
        problems: [
          { short: 'too old', sentence: 'Version 0.1.0 is too old: --json needs 0.20. Run `npm i -g @openai/codex`.' },
        ],
        login: 'run codex login',
      },
      {
        ...base,
        name: 'gemini',
        title: 'Gemini CLI',
        command: 'gemini',
        install: 'npm install -g @google/gemini-cli',
        login: 'run gemini',
        cannot: ['It is not bounded while it runs.'],
      },
    ],
    'claude',
    AT,
  );

  it('sorts agents by whether they can be used', () => {
    const headings = text.split('\n').filter((line) => line.startsWith('#'));
    assert.deepEqual(headings, [
      '# Agents of Loop Supervisor',
      '## Found, but needs attention',
      '### codex (Codex)',
      '## Ready to use',
      '### sample',
      '### claude (Claude Code)',
      '### copilot (Copilot CLI)',
      '## Not found',
      '### gemini (Gemini CLI)',
    ]);
    assert.match(text, /3 agents can be used, 1 needs attention, 1 not found/);
  });

  it('states an agent’s limitations even before it is installed', () => {
    assert.match(text, /### gemini[^#]*- It is not bounded while it runs\./);
  });

  it('shows all at a glance, those that need attention first', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
    assert.deepEqual(
      rows.map((row) => row.replaceAll('&#46;', '.')),
      [
        '| agent | version | state |',
        '| codex | 0.1.0 | too old |',
        '| sample | 0.1.0 | ready |',
        '| claude | 2.1.0 | ready |',
        '| copilot | 1.0.0 | ready |',
        '| gemini |  | not found |',
      ],
    );
  });

  it('R13.1 says what contains loops here, what that means, and why by nothing stronger', () => {
    const report = agentReportText([], 'claude', AT, [], {
      kind: 'subreaper',
      without: [{ kind: 'cgroup', why: 'this user may make no control groups' }],
    });
    assert.match(report, /## Containment\n\n- Loops are contained by \*\*a subreaper\*\*\. Whatever it leaves behind/);
    assert.match(report, /\n- Not by a control group: this user may make no control groups\.\n/);
    assert.match(
      agentReportText([], 'claude', AT, [], { kind: 'cgroup', without: [] }),
      /when it says that nothing is left, that is a fact\./,
    );
  });

  it('gives path, version, problem and remedy', () => {
    assert.match(
      text,
      /- Found at `\/usr\/bin\/claude`\.\n- Version `2\.1\.0`\.\n- Logged in\.\n- Edits files of its folder/,
    );
    assert.match(text, /Version `1\.0\.0`\.\n- Login status can’t be checked\. To log in: run copilot\./);
    assert.match(text, /\*\*Problem:\*\* Version 0\.1\.0 is too old: --json needs 0\.20\. Run `npm i -g/);
    assert.match(
      text,
      /`gemini` is not on PATH\.\n- Install: `npm install -g @google\/gemini-cli`\n- Log in: run gemini\.$/m,
    );
  });

  it('reveals only that an API key is set', () => {
    const withKey = {
      ...base,
      name: 'codex',
      title: 'Codex',
      command: 'codex',
      path: '/bin/codex',
      apiKey: 'CODEX_API_KEY',
      login: 'run codex login',
    };
    const lines = agentReportText([withKey], 'codex', AT).split('\n');
    assert.ok(lines.includes('- An API key is set (`CODEX_API_KEY`); it was not tried.'));
    assert.ok(!lines.some((line) => /logged in/i.test(line)));
  });

  it('renders the output of programs as inert text', () => {
    const hostile = agentReportText(
      [
        {
          ...base,
          name: 'x',
          title: '[t](command:y)',
          command: 'x',
          path: '/x',
          version: '`![](https://evil.example)`',
          problems: [{ short: 'x', sentence: '[x](command:y)' }],
        },
      ],
      'x',
      AT,
    );
    assert.doesNotMatch(hostile, /(?<!\\)\]\(command:y\)/);
    assert.ok(hostile.includes('`` `![](https://evil.example)` ``'));
  });
});
