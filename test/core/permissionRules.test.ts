import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PermissionRequest } from '../../src/core/model/question.ts';
import { decidePermission, ruleFor, ruleProblem } from '../../src/core/policy/permissionRules.ts';
import { bounded, isSameRequest, requestLine } from '../../src/core/policy/requests.ts';

const command = (text: string): PermissionRequest => ({ kind: 'command', tool: 'Bash', title: 't', command: text });
const edit = (...paths: string[]): PermissionRequest => ({ kind: 'edit', tool: 'Write', title: 't', paths });
const NONE = { allow: [], ask: [], deny: [] };
const FOLDER = '/home/me/project';
const allows = (rule: string, request: PermissionRequest) =>
  decidePermission(request, { ...NONE, allow: [rule] }, FOLDER).action === 'allow';
const denies = (rule: string, request: PermissionRequest) =>
  decidePermission(request, { ...NONE, deny: [rule] }, FOLDER).action === 'deny';

describe('permission rules', () => {
  it('R17.2 the default asks; deny goes before ask, and ask before allow', () => {
    const rules = { allow: ['Command'], ask: ['Command(git push *)'], deny: ['Command(git push --force)'] };
    assert.deepEqual(decidePermission(command('ls'), NONE, FOLDER), { action: 'ask' });
    assert.equal(decidePermission(command('ls'), rules, FOLDER).action, 'allow');
    assert.equal(decidePermission(command('git push'), rules, FOLDER).rule, 'Command(git push *)');
    assert.equal(decidePermission(command('git push --force'), rules, FOLDER).action, 'deny');
  });

  it('R17.2 no star of an allow rule stands for another command', () => {
    const tricks = [
      '; rm x',
      ' && rm x',
      ' | sh',
      ' $(rm x)',
      ' `rm x`',
      ' > ~/.profile',
      '\nrm x',
      ' & rm x',
      ' <(rm)',
    ];
    for (const trick of tricks) assert.equal(allows('Command(npm test *)', command(`npm test${trick}`)), false, trick);
    for (const text of ['npm test', 'npm test a/b.ts --x="y z"'])
      assert.ok(allows('Command(npm test *)', command(text)));
    assert.equal(allows('Command(npm test *)', command('npm testing')), false);
    assert.ok(allows('Bash(ls *)', command('ls -l')), 'Bash is another name of commands');
    assert.equal(allows('Edit(ls *)', command('ls -l')), false);
  });

  it('R17.2 a deny rule finds its command in a longer line', () => {
    for (const text of ['rm -rf x', 'cd a && rm x', 'a; rm x', 'a | (rm x)', 'a\nrm x', 'echo $(rm x)'])
      assert.ok(denies('Command(rm *)', command(text)), text);
    assert.equal(denies('Command(rm *)', command('npm run rm')), false);
  });

  it('R17.2 files are compared without detours, and all of them have to match', () => {
    assert.ok(allows('Edit(src/*)', edit('src/a.ts', `${FOLDER}/src/b.ts`, './src/c.ts')));
    for (const path of ['src/../package.json', '/etc/passwd', `${FOLDER}/../other/src/a.ts`])
      assert.equal(allows('Edit(src/*)', edit('src/a.ts', path)), false, path);
    assert.ok(denies('Edit(/etc/*)', edit('src/a.ts', '../../../etc/passwd')));
    assert.equal(allows('Edit(*)', edit()), false, 'nobody knows which files');
  });

  it('R17.2 a link does not lead out of a rule: what it leads to has to match too, and is denied like it', () => {
    const linked = (path: string, ...targets: string[]) => ({ ...edit(path), targets });
    assert.ok(allows('Edit(src/*)', linked('src/a.ts', `${FOLDER}/src/b.ts`)));
    for (const rule of ['Edit(src/*)', 'Edit(/etc/*)'])
      assert.equal(allows(rule, linked('src/a.ts', '/etc/passwd')), false, rule);
    assert.ok(denies('Edit(/etc/*)', linked('src/a.ts', '/etc/passwd')));
    assert.ok(denies('Edit(src/*)', linked('src/a.ts', '/etc/passwd')), 'nor does it lead out of a deny rule');
    assert.ok(allows('Edit', linked('src/a.ts', '/etc/passwd')), 'that one names no file');
    const unseen: PermissionRequest = { ...edit('src/a.ts'), targets: 'unknown' };
    assert.equal(allows('Edit(src/*)', unseen), false);
    assert.ok(denies('Edit(src/*)', unseen));
    assert.equal(ruleFor(linked('src/a.ts', '/etc/passwd'), FOLDER), undefined, 'the link may lead elsewhere next');
  });

  it('R17.1 text with characters that cannot be seen is never allowed by a rule', () => {
    for (const sign of ['\u202e', '\u200b', '\u0007', '\u001b[8m', '\ufeff', '\u2028'])
      assert.equal(allows('*', command(`ls ${sign}x`)), false);
    assert.ok(allows('*', command('ls')));
  });

  it('R17.2 the rule for a request allows it, and of all other commands none', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab *\\;&()[].$-^"\''), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const rule = ruleFor(command(one), FOLDER);
        if (rule === undefined) return;
        assert.ok(allows(rule, command(one)), rule);
        if (one !== other && `${one} ` !== other) assert.equal(allows(rule, command(other)), false, `${rule} ${other}`);
      }),
    );
    assert.equal(ruleFor(edit('/home/me/project/src/a.ts'), FOLDER), 'Edit(src/a.ts)');
    assert.equal(ruleFor(command('ls \u202e'), FOLDER), undefined);
    const inquiries = [{ text: 'Which?', options: [], multiple: false }];
    assert.equal(ruleFor({ kind: 'inquiry', tool: 'Ask', title: '', inquiries }, FOLDER), undefined);
  });

  it('R17.2 what is no rule is named', () => {
    for (const rule of ['', '(x)', 'Command(', 'a b', '???']) assert.notEqual(ruleProblem(rule), undefined, rule);
    for (const rule of ['*', 'Command', 'mcp__x__y', 'Command(a(b)c)', 'Edit(a b)'])
      assert.equal(ruleProblem(rule), undefined, rule);
  });
});

describe('requests', () => {
  it('R17.1 one is named in a line, without control characters, and a cut shows', () => {
    assert.equal(requestLine(command('npm\n install\u202e \u001b[8mx')), 'run npm install [8mx?');
    assert.ok(requestLine(command('x'.repeat(500))).endsWith('…?'));
    assert.equal(requestLine(edit('a.ts', 'b.ts')), 'edit a.ts, b.ts?');
  });

  it('R17.2 only what is wholly known is the same', () => {
    const long = { ...edit('a.ts'), diff: '+'.repeat(70_000) };
    assert.ok(isSameRequest(edit('a.ts'), { ...edit('a.ts'), title: 'another name' }));
    assert.equal(isSameRequest(edit('a.ts'), edit('a.ts', 'b.ts')), false);
    assert.equal(isSameRequest(edit('a.ts'), { ...edit('a.ts'), targets: ['/etc/passwd'] }), false);
    assert.equal(isSameRequest(bounded(long), bounded(long)), false);
    assert.match(bounded(long).diff ?? '', /\[4464 characters more\]$/);
  });
});
