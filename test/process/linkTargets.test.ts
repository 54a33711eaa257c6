import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PermissionRequest } from '../../src/core/model/question.ts';
import { decidePermission } from '../../src/core/policy/permissionRules.ts';
import { linkTargets } from '../../src/process/follow/linkTargets.ts';

describe('Where links lead the files of a request', () => {
  let root: string;
  let folder: string;

  before(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-links-')));
    folder = join(root, 'project');
    mkdirSync(join(folder, 'src', 'deep'), { recursive: true });
    mkdirSync(join(root, 'secrets'));
    writeFileSync(join(root, 'secrets', 'key'), '');
    writeFileSync(join(folder, 'src', 'a.ts'), '');
    symlinkSync('../../secrets/key', join(folder, 'src', 'key.ts'));
    symlinkSync(join(root, 'secrets'), join(folder, 'src', 'out'));
    symlinkSync('../../secrets/new', join(folder, 'src', 'dangling.ts'));
    symlinkSync('a.ts', join(folder, 'src', 'b.ts'));
    symlinkSync('round.ts', join(folder, 'src', 'round.ts'));
    symlinkSync(folder, join(root, 'linked project'));
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  const edit = (path: string): PermissionRequest => ({ kind: 'edit', tool: 'Write', title: '', paths: [path] });
  const targets = (path: string, from = folder) => linkTargets(edit(path), from);

  it('R17.2 what is where the agent says has none, there or not', () => {
    for (const path of ['src/a.ts', './src/../src/a.ts', join(folder, 'src', 'a.ts'), 'new/folder/a.ts', '.'])
      assert.equal(targets(path), undefined, path);
    assert.equal(targets('src/a.ts', join(root, 'linked project')), undefined, 'nor has the folder’s own link');
  });

  it('R17.2 links of files and folders are followed, to what is not there yet, too', () => {
    const secrets = join(root, 'secrets');
    assert.deepEqual(targets('src/key.ts'), [join(secrets, 'key')]);
    assert.deepEqual(targets('src/out/key'), [join(secrets, 'key')]);
    assert.deepEqual(targets('src/out/made/new'), [join(secrets, 'made', 'new')]);
    assert.deepEqual(targets('src/dangling.ts'), [join(secrets, 'new')]);
    assert.deepEqual(targets('src/out/../project/src/a.ts'), [join(folder, 'src', 'a.ts')], '.. leads out of the link');
    assert.deepEqual(targets('src/b.ts', join(root, 'linked project')), [join(root, 'linked project', 'src', 'a.ts')]);
  });

  it('R17.2 what cannot be seen is unknown', () => {
    assert.equal(targets('src/round.ts'), 'unknown');
    assert.equal(targets('src/\0'), 'unknown');
    assert.equal(linkTargets(edit('src/a.ts'), undefined), 'unknown');
  });

  it('R17.2 a path through a link escapes no rule', () => {
    const rules = { allow: ['Edit(src/*)'], ask: [], deny: [`Edit(${root}/secrets/*)`] };
    const decided = (path: string) => {
      const found = targets(path);
      return decidePermission({ ...edit(path), ...(found && { targets: found }) }, rules, folder).action;
    };
    assert.deepEqual(
      ['src/a.ts', 'src/b.ts', 'src/key.ts', 'src/out/new', 'src/dangling.ts', 'src/round.ts'].map(decided),
      ['allow', 'allow', 'deny', 'deny', 'deny', 'ask'],
    );
  });

  it('R17.2 commands and addresses name no files', () => {
    assert.equal(
      linkTargets({ kind: 'command', tool: 'Bash', title: '', command: 'ls', paths: ['src/key.ts'] }, folder),
      undefined,
    );
    assert.equal(linkTargets({ ...edit('https://example.com/src/key.ts'), kind: 'fetch' }, undefined), undefined);
  });
});
