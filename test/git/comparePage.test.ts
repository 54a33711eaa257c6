import assert from 'node:assert/strict';
import { comparePage, hostedAt, withoutSecret } from '../../src/git/comparePage.ts';

const BRANCH = 'loops/fix-7f3a';

describe('the page on which a pull request is written', () => {
  const page = (address: string, into?: string) => {
    const hosted = hostedAt(address);
    return hosted && comparePage(hosted, { branch: BRANCH, into });
  };

  for (const [address, into, expected] of [
    ['git@github.com:me/repo.git', undefined, `https://github.com/me/repo/compare/${BRANCH}?expand=1`],
    ['https://github.com/me/repo', 'dev/next', `https://github.com/me/repo/compare/dev/next...${BRANCH}?expand=1`],
    ['https://me:token@github.com/me/repo.git', undefined, `https://github.com/me/repo/compare/${BRANCH}?expand=1`],
    ['ssh://git@ssh.github.com:443/me/repo.git', undefined, `https://github.com/me/repo/compare/${BRANCH}?expand=1`],
    ['https://github.com/me/repo?x=1&y#z/../%2e', undefined, `https://github.com/me/repo/compare/${BRANCH}?expand=1`],
    ['git@github.corp.example:me/repo', undefined, `https://github.corp.example/me/repo/compare/${BRANCH}?expand=1`],
    [
      'git@gitlab.com:group/sub/repo.git',
      'main',
      'https://gitlab.com/group/sub/repo/-/merge_requests/new?merge_request%5Bsource_branch%5D=loops%2Ffix-7f3a' +
        '&merge_request%5Btarget_branch%5D=main',
    ],
    [
      'http://gitlab.local.example:8080/g/r.git',
      undefined,
      'http://gitlab.local.example:8080/g/r/-/merge_requests/new?merge_request%5Bsource_branch%5D=loops%2Ffix-7f3a',
    ],
    [
      'git@bitbucket.org:team/repo.git',
      'main',
      'https://bitbucket.org/team/repo/pull-requests/new?source=loops%2Ffix-7f3a&dest=main',
    ],
  ] as const)
    it(`R12.4 is known for ${address}`, () => assert.equal(page(address, into), expected));

  for (const address of [
    '/srv/git/repo.git',
    'file:///srv/git/repo.git',
    '../repo',
    'git@github-work:me/repo.git',
    'git@git.example.com:me/repo.git',
    'https://github.com/me/re po',
    'ext::sh -c whoami',
    'C:\\repos\\x',
  ])
    it(`R12.4 is not made up for ${address}`, () => assert.equal(page(address), undefined));

  it('R12.4 the address of a remote is shown without passwords and tokens', () => {
    assert.equal(withoutSecret('https://me:token@host.example/x.git'), 'https://host.example/x.git');
    assert.equal(withoutSecret('https://ghp_token@host.example/x.git'), 'https://host.example/x.git');
    assert.equal(withoutSecret('ssh://me:secret@host.example/x.git'), 'ssh://host.example/x.git');
    assert.equal(withoutSecret('ssh://git@host.example/x.git'), 'ssh://git@host.example/x.git');
    assert.equal(withoutSecret('git@github.com:me/x.git'), 'git@github.com:me/x.git');
  });
});
