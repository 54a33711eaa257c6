import assert from 'node:assert/strict';
import { agentReportText } from '../../src/ui/agentReportText.ts';

const AT = new Date(2026, 2, 10, 15, 40);
const base = { problems: [], notes: [], bundled: false };

describe('The report of Check Agents', () => {
  const text = agentReportText(
    [
      { ...base, name: 'sample', command: 'sample', path: '/ext/sampleAgent.cjs', bundled: true, version: '0.1.0' },
      { ...base, name: 'claude', command: 'claude', path: '/usr/bin/claude', version: '2.1.0', notes: ['Edits files of its folder.'] },
      {
        ...base,
        name: 'codex',
        command: 'codex',
        path: '/usr/bin/codex',
        version: '0.1.0',
        problems: ['Version 0.1.0 is too old: --json needs 0.20. Run `npm i -g @openai/codex`.'],
      },
      { ...base, name: 'gemini', command: 'gemini', install: 'npm install -g @google/gemini-cli', login: 'run gemini' },
    ],
    'claude',
    AT,
  );

  it('sorts agents by whether they can be used', () => {
    const headings = text.split('\n').filter((line) => line.startsWith('#'));
    assert.deepEqual(headings, [
      '# Agents of Loop Supervisor',
      '## Ready to use',
      '### sample',
      '### claude',
      '## Found, but not in order',
      '### codex',
      '## Not found',
      '### gemini',
    ]);
    assert.match(text, /2 agents can be used, 1 need attention, 1 not found/);
  });

  it('says where, which version, what is wrong, and the words to put it right', () => {
    assert.match(text, /- Found at `\/usr\/bin\/claude`\.\n- Version `2\.1\.0`\.\n- Edits files of its folder/);
    assert.match(text, /\*\*To put right:\*\* Version 0\.1\.0 is too old: --json needs 0\.20\. Run `npm i -g/);
    assert.match(text, /`gemini` is not on PATH\.\n- Install: `npm install -g @google\/gemini-cli`\n- Log in: run gemini\.$/m);
  });

  it('lets nothing act that a program has printed', () => {
    const hostile = agentReportText(
      [{ ...base, name: 'x', command: 'x', path: '/x', version: '`![](https://evil.example)`', problems: ['[x](command:y)'] }],
      'x',
      AT,
    );
    assert.ok(!hostile.includes('[x](command:y)'));
    assert.ok(hostile.includes('`` `![](https://evil.example)` ``'));
  });
});
