import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PermissionRequest, Question } from '../../src/core/model/question.ts';
import { decidePermission } from '../../src/core/policy/permissionRules.ts';
import { requestLine } from '../../src/core/policy/requests.ts';
import { agentEnvironment } from '../../src/process/environment/carriedEnvironment.ts';
import { CHOICE_WORDS, choicesOf, optionRows, requestParts, requestText } from '../../src/ui/questions/requestText.ts';
import { isPlain, visibleCode, visibleText } from '../../src/ui/questions/visibleText.ts';
import { oneLine } from '../../src/ui/text/safeText.ts';

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

  /** Tricks that each had a command look like another one: how it is shown. */
  const TRICKS: readonly (readonly [trick: string, command: string, shown: string])[] = [
    ['a terminal escape', 'ls\u001b[2K\u001b[1Aecho hi', 'ls‹U+001B›[2K‹U+001B›[1Aecho hi'],
    ['an escape in one sign', 'ls\u009b8mrm', 'ls‹U+009B›8mrm'],
    ['a terminal link', '\u001b]8;;file:///etc\u0007ls', '‹U+001B›]8;;file:///etc‹U+0007›ls'],
    ['an isolate that turns text around', 'ls \u2067; rm -rf ~\u2069', 'ls ‹U+2067›; rm -rf ~‹U+2069›'],
    ['a variation selector', 'ls\ufe01 \u{e0101}x', 'ls‹U+FE01› ‹U+E0101›x'],
    ['letters that look like blanks', 'ls\u3164\u2800\u202f\u205fx', 'ls‹U+3164›‹U+2800›‹U+202F›‹U+205F›x'],
    ['a joiner of marks', 'r\u034fm', 'r‹U+034F›m'],
    ['letters of the tag alphabet', 'ls\u{e0072}\u{e006d}', 'ls‹U+E0072›‹U+E006D›'],
    [
      'a flood of marks over other lines',
      `ls a${'\u0338'.repeat(400)}`,
      'ls a\u0338\u0338\u0338\u0338‹396 marks more›',
    ],
    ['words from right to left', 'cat \u05d0 > \u05d1', 'cat \u05d0‹LTR› > \u05d1'],
    ['NUL', 'ls\u0000;rm', 'ls‹U+0000›;rm'],
    ['a line that is drawn over', 'rm -rf ~\rls     ', 'rm -rf ~‹U+000D›ls     '],
    ['a glyph without a look of its own', 'ls\ue0a0', 'ls‹U+E0A0›'],
    ['a sign for a line end', 'ls\u2028rm', 'ls‹U+2028›rm'],
  ];
  for (const [trick, text, shown] of TRICKS)
    it(`R17.1 ${trick} is shown by its code, needs a page to be allowed, and fits no allow rule`, () => {
      const [part] = requestParts(command(text));
      assert.equal(part?.text, shown);
      assert.equal(isPlain(text), false);
      assert.doesNotMatch(requestLine(command(text)), /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]|\p{M}{5}/u);
      const isSeen = /^[\p{L}\p{M}> ]+$/u.test(text);
      const rules = { allow: ['Command'], ask: [], deny: [] };
      if (!isSeen) assert.equal(decidePermission(command(text), rules, '/w').action, 'ask');
    });

  it('R17.1 what is written in any script, with the marks that it needs, is shown as it is', () => {
    const words = [
      'na\u0308ive',
      '\u05e9\u05dc\u05d5\u05dd',
      '\u0e17\u0e35\u0e48',
      '\u4f60\u597d',
      'cafe\u0301',
      '\u{1f600}',
    ];
    for (const word of words) {
      assert.equal(visibleCode(`echo ${word}`), `echo ${word}`);
      assert.ok(isPlain(`echo ${word}`), word);
    }
  });

  it('R17.1 a flood of marks covers no other row of a list', () => {
    assert.equal(oneLine(`Fix a${'\u0338'.repeat(40)}b`), 'Fix a\u0338\u0338\u0338\u0338b');
  });

  it('R17.1 a line break in a name or an option makes no further one', () => {
    const files: PermissionRequest = { kind: 'edit', tool: 'Write', title: '', paths: ['a.ts\n/etc/passwd', 'b.ts'] };
    assert.equal(requestParts(files)[0]?.text, 'a.ts‹line break›/etc/passwd\nb.ts');
    const options = [{ label: 'SQLite\n- Allow Once', about: 'One\n- Deny' }];
    const inquiries = [{ text: 'Which?', options, multiple: false }];
    const [part] = requestParts({ kind: 'inquiry', tool: 'Ask', title: '', inquiries });
    assert.equal(part?.text, 'Which?\n- SQLite‹line break›- Allow Once: One‹line break›- Deny');
    assert.equal(optionRows(inquiries[0]!)[0]?.label, '“SQLite‹line break›- Allow Once”');
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
    assert.equal(
      requestParts({ ...linked, targets: 'unknown' })[1]?.heading,
      'Where links in these paths lead is not known',
    );
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
