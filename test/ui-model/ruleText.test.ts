import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PermissionRequest } from '../../src/core/model/question.ts';
import { linkTargets } from '../../src/process/follow/linkTargets.ts';
import { ruleText, verdictText } from '../../src/ui/questions/ruleText.ts';

const RULES = { allow: ['Command(npm *)', 'Edit(src/*)'], ask: ['Command(git push *)'], deny: ['Command(rm *)'] };
const request: PermissionRequest = { kind: 'command', tool: 'Bash', title: '', command: 'npm install' };

describe('The tester of permission rules', () => {
  let root: string;
  let folder: string;

  before(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-tester-')));
    folder = join(root, 'project');
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(join(root, 'key'), '');
    symlinkSync('../../key', join(folder, 'src', 'key.ts'));
    symlinkSync('round.ts', join(folder, 'src', 'round.ts'));
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  const said = (typed: string, rules = RULES) => verdictText(typed, { rules, folder, linkTargets });

  it('R17.2 says which rule decides what is typed', () => {
    assert.equal(said('npm install x'), 'Allowed: by the rule Command(npm *) of permissions.allow.');
    assert.equal(said('npm ci && rm x'), 'Denied: by the rule Command(rm *) of permissions.deny.');
    assert.equal(said('git push'), 'You are asked: by the rule Command(git push *) of permissions.ask.');
    assert.equal(said('Edit(src/a.ts)'), 'Allowed: by the rule Edit(src/*) of permissions.allow.');
    assert.equal(said('Edit(src/../a.ts)'), 'You are asked: no rule matches.');
  });

  it('R17.2 follows links as the supervisor does, and says where they lead', () => {
    const key = join(root, 'key');
    assert.equal(said('Edit(src/key.ts)'), `You are asked: no rule matches. A link leads to ${key}.`);
    const rules = { ...RULES, deny: [`Edit(${root}/*)`] };
    assert.equal(
      said('Edit(src/key.ts)', rules),
      `Denied: by the rule Edit(${root}/*) of permissions.deny. A link leads to ${key}.`,
    );
    assert.equal(said('Edit(src/round.ts)'), 'You are asked: no rule matches. Where a link in it leads is not known.');
  });

  it('R17.2 says of a rule whether it would allow the request', () => {
    const works = (rule: string, rules = RULES) => ruleText(rule, request, rules, '/project');
    assert.equal(works('Command(npm install)').works, true);
    assert.deepEqual(works('Command(yarn *)'), { text: 'This rule would not allow this request.', works: false });
    assert.equal(works('(').works, false);
    const denied = works('Command(npm install)', { ...RULES, deny: ['Command(npm i*)'] });
    assert.deepEqual(denied, {
      text: 'Another rule takes precedence: Command(npm i*) of permissions.deny.',
      works: false,
    });
  });
});
