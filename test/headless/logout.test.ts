import assert from 'node:assert/strict';
import { afterLogout, type LogoutQuestions } from '../../src/headless/logout.ts';

describe('what a logout does to the headless host', () => {
  /** A Linux with a systemd for its user that goes on after the last logout, whose trial ends with that code. */
  const machine = (differs: Partial<LogoutQuestions> = {}, code = 0): LogoutQuestions => ({
    platform: 'linux',
    run: async () => ({ code, output: '' }),
    exists: () => true,
    environment: { XDG_RUNTIME_DIR: '/run/user/7' },
    userName: () => 'me',
    groupsOf: () => '0::/user.slice/user-7.slice/session-3.scope\n',
    ...differs,
  });
  const inScope = {
    groupsOf: () => '0::/user.slice/user-7.slice/user@7.service/app.slice/loop-supervisor-host-0123456789ab.scope\n',
  };

  for (const [what, pid, questions, survives, says] of [
    ['it runs in a scope', 42, machine(inScope), 'yes', /^It runs in a scope of your systemd/],
    ['the next one will', undefined, machine(), 'yes', /^It will run in a scope of your systemd/],
    ['it was started outside', 42, machine(), 'perhaps', /`loops host stop`, then `loops host start`/],
    [
      'lingering is off',
      undefined,
      machine({ exists: (path) => !path.includes('/linger/') }),
      'perhaps',
      /lingering is off for this user \(turn it on: loginctl enable-linger\)\.$/,
    ],
    ['there is no systemd', 42, machine({ exists: () => false }), 'perhaps', /there is no systemd here\.$/],
    ['systemd makes no scopes', undefined, machine({}, 1), 'perhaps', /makes no scopes\.$/],
    ['Windows', 42, machine({ platform: 'win32' }), 'no', /^Windows ends it/],
    ['macOS', 42, machine({ platform: 'darwin' }), 'perhaps', /^This system may end it/],
  ] as const)
    it(`R15.1 ${what}: ${survives}, and why`, async () => {
      const found = await afterLogout(pid, questions);
      assert.equal(found.survives, survives);
      assert.match(found.why, says);
    });
});
