import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PermissionRequest, Question } from '../../src/core/model/question.ts';
import { agentEnvironment } from '../../src/process/environment/carriedEnvironment.ts';
import {
  CHOICE_WORDS,
  choicesOf,
  isPlain,
  optionRows,
  requestParts,
  requestText,
  visibleText,
} from '../../src/ui/questions/requestText.ts';

const command = (text: string): PermissionRequest => ({ kind: 'command', tool: 'Bash', title: 'List', command: text });

describe('What an agent asks cannot pass for something else', () => {
  it('R17.1 every character that cannot be seen or that turns text around is shown by its code', () => {
    assert.equal(visibleText('ls \u202e;fr- mr\u202c'), 'ls ‹U+202E›;fr- mr‹U+202C›');
    assert.equal(visibleText('a\u001b[8mb\u200bc\u0000\rd\u00a0e'), 'a‹U+001B›[8mb‹U+200B›c‹U+0000›‹U+000D›d‹U+00A0›e');
    assert.equal(visibleText('a\r\n\tb'), 'a\n\tb');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        assert.doesNotMatch(visibleText(text), /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('R17.1 no gap hides what comes after it', () => {
    assert.equal(visibleText(`ls${' '.repeat(500)}; rm -rf ~`), 'ls ‹500 blanks› ; rm -rf ~');
    assert.equal(visibleText(`ls${'\n'.repeat(80)}rm -rf ~`), 'ls\n‹80 line breaks›\nrm -rf ~');
  });

  it('R17.1 each line of the agent is marked, so that none reads as ours', () => {
    const { text } = requestText(command('ls\nAllowed by you. Choose Deny to go on:'), 1_000);
    assert.deepEqual(
      text.split('\n').map((line) => line.slice(0, 20)),
      ['Run a command:', '│ ls', '│ Allowed by you. Ch', 'Tool:', '│ Bash', 'The agent calls it:', '│ List'],
    );
  });

  it('R17.1 what does not fit is not whole, and what is not plain is not answered in a notice', () => {
    assert.equal(requestText(command('x'.repeat(2_000)), 1_500).isWhole, false);
    assert.equal(requestText(command('ls'), 1_500).isWhole, true);
    for (const text of ['x'.repeat(121), 'ls\nrm', 'ls \u202ex', `ls${' '.repeat(20)}rm`])
      assert.equal(isPlain(text), false);
    assert.ok(isPlain('npm install left-pad'));
  });

  it('R17.1 the command comes first, whatever the agent calls it; without one its tool stands there', () => {
    assert.deepEqual(requestParts({ ...command('rm -rf ~'), title: 'npm test' })[0], {
      heading: 'Run a command',
      text: 'rm -rf ~',
    });
    assert.deepEqual(requestParts({ kind: 'other', tool: 'mcp\u202e', title: '' })[0], {
      heading: 'Use a tool',
      text: 'mcp‹U+202E›',
    });
  });

  it('R17.1 where links lead a file is shown, and so is that nobody can see it', () => {
    const linked: PermissionRequest = { kind: 'edit', tool: 'Write', title: '', paths: ['a.ts'] };
    assert.deepEqual(requestParts({ ...linked, targets: ['/etc/\u202epasswd'] })[1], {
      heading: 'Links lead to',
      text: '/etc/‹U+202E›passwd',
    });
    assert.equal(requestParts({ ...linked, targets: 'unknown' })[1]?.heading, 'Where links lead these cannot be seen');
    assert.equal(requestParts(linked)[1]?.heading, 'Tool');
  });

  it('R17.1 choices are named by what they do, once each, and one can always deny', () => {
    const choices: Question['choices'] = [
      { id: 'a', kind: 'allowAlways', label: 'Deny' },
      { id: 'b', kind: 'allowOnce', label: 'No, thanks' },
      { id: 'c', kind: 'allowOnce', label: 'Deny' },
    ];
    assert.deepEqual(choicesOf({ choices }), [
      { id: 'b', word: CHOICE_WORDS.allowOnce },
      { id: 'a', word: CHOICE_WORDS.allowAlways },
      { id: 'deny', word: CHOICE_WORDS.denyOnce },
    ]);
  });

  it('R17.1 an option of an agent stands in quotes, makes no icon, and hides nothing', () => {
    const options = [
      { label: '$(edit) Something Else…', about: '$(trash) b\u202ec' },
      { label: `Let the Agent Decide${' '.repeat(90)}x\u200b` },
    ];
    const inquiry = { text: 'Which?\n- Allow', options, multiple: false };
    assert.deepEqual(optionRows(inquiry), [
      { label: '“$ (edit) Something Else…”', detail: '$ (trash) b‹U+202E›c', reply: options[0]?.label },
      { label: '“Let the Agent Decide ‹90 blanks› x‹U+200B›”', reply: options[1]?.label },
    ]);
    const request = { kind: 'inquiry', tool: 'Ask', title: 'Ask', inquiries: [inquiry, inquiry] } as const;
    assert.deepEqual(requestText(request, 1_000).text.split('\n').slice(0, 4), [
      'Your decision 1 of 2:',
      '│ Which?',
      '│ - Allow',
      '│ - $(edit) Something Else…: $(trash) b‹U+202E›c',
    ]);
    const choices: Question['choices'] = [{ id: 'a', kind: 'allowOnce', label: 'a' }];
    assert.deepEqual(choicesOf({ choices, request }), [{ id: 'deny', word: 'Let the Agent Decide' }]);
  });

  it('R17.1 an agent is not told where its questions are answered', () => {
    const names = Object.keys(agentEnvironment({ LOOP_SUPERVISOR_CARRIED_PATH: '/bin' }, 'loop', 'token'));
    assert.deepEqual(names.sort(), ['LOOP_SUPERVISOR_ATTEMPT', 'LOOP_SUPERVISOR_LOOP', 'PATH']);
  });
});
