import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signal } from '../support/host/processes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

/**
 * Does what the first word of its prompt says: `fail`, and leaves a mark for each attempt; `once`, and then the file
 * that it waits for; anything else is done at once.
 */
const OBEYS = {
  extends: 'plain',
  command: 'sh',
  args: [
    '-c',
    'read -r word file rest; case $word in fail) echo . >> "attempts of $file"; echo no luck >&2; exit 3;; once) while [ ! -e "$file" ]; do sleep 0.1; done;; esac',
  ],
};

/** Claude Code as it is when its usage window is used up. */
const LIMITED = `#!/bin/sh
cat > /dev/null
echo '{"type":"system","subtype":"init","session_id":"s-1"}'
echo '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","rateLimitType":"five_hour","resetsAt":'$(($(date +%s) + 7200))'},"session_id":"s-1"}'
echo '{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"You have hit your limit","session_id":"s-1","total_cost_usd":0}'
exit 1
`;

const OFF = 'Don’t Show Again';
const SETTING = 'loopSupervisor.notifications.completion';

describe('notifications', () => {
  const host = useWorkbench({ files: { limited: LIMITED } });

  /** Sets when completed loops are reported, and begins with a fresh window, which has reported nothing yet. */
  async function begin(completion: string, defaultAgent = 'obeys'): Promise<void> {
    const agents = { obeys: OBEYS, limited: { extends: 'claude', command: join(host.workspace, 'limited') } };
    host.server.writeSettings(
      {
        'loopSupervisor.agents': agents,
        'loopSupervisor.defaultAgent': defaultAgent,
        'loopSupervisor.maxConcurrent': 8,
        'loopSupervisor.restart.maxRestarts': 0,
        'loopSupervisor.circuitBreaker.failureThreshold': 100,
      },
      { [SETTING]: completion, 'loopSupervisor.notifications.waiting': 'always' },
    );
    await host.window.reload();
    await host.window.tree.show();
  }

  const submit = (prompt: string) => host.window.submit(prompt);

  const completions = async () =>
    (await host.window.notices.all()).map(({ message }) => message).filter((text) => text.includes('completed'));

  /** Lets a loop complete, and then another one fail: once that is reported, so is everything about the first. */
  async function completeAndFail(name: string): Promise<void> {
    await submit(`ok ${name}`);
    await host.window.tree.becomes(`ok ${name}`, 'completed');
    await submit(`fail ${name}`);
    await host.window.notices.says(`“fail ${name}” failed (no restarts left)`);
  }

  before(async () => {
    chmodSync(join(host.workspace, 'limited'), 0o755);
    await begin('unfocused');
  });

  it('completion, when unfocused: reported only while the user is elsewhere', async () => {
    const { window } = host;
    await completeAndFail('seen');
    assert.deepEqual(await completions(), []);
    await submit('once first away');
    await submit('once second unseen');
    await until('both to run', async () => (await window.tree.rows())[0]?.[0] === 'Running 2/8');
    const comeBack = await window.leave();
    // The extension hears a moment later that the user is away. By the time the window has asked it for the new rows,
    // it has heard.
    writeFileSync(join(host.workspace, 'first'), '');
    await window.tree.becomes('once first away', 'completed');
    writeFileSync(join(host.workspace, 'second'), '');
    await window.notices.says(/unseen” completed|completed: .*unseen”/);
    await comeBack();
  });

  it('a permanent failure is reported, with its reason and ways to the loop', async () => {
    const { window } = host;
    await submit('fail again');
    const { severity, message, buttons } = await window.notices.says('“fail again” failed (no restarts left)');
    assert.equal(severity, 'warning');
    assert.match(message, /: exit code 3: no luck$/);
    assert.deepEqual(buttons, ['Retry', 'Show Output', OFF]);
    await window.screenshot('notification-failure');
    await window.notices.press('“fail again” failed', 'Retry');
    const attempts = join(host.workspace, 'attempts of again');
    await until('a second attempt', () => readFileSync(attempts, 'utf8') === '.\n.\n');
  });

  it('a loop that waits for a usage limit is reported, with the time when it goes on', async () => {
    const { window } = host;
    await begin('always', 'limited');
    await submit('Wait for it');
    const { severity, message, buttons } = await window.notices.says('“Wait for it” waits until');
    assert.equal(severity, 'info');
    assert.match(message, /waits until .*\d\d:\d\d: Claude Code has used up its five hour window/);
    assert.deepEqual(buttons, ['Show Loop', OFF]);
    await window.screenshot('notification-waiting');
    await window.notices.press('“Wait for it”', 'Show Loop');
    await until('the loop in the tree', async () => (await window.tree.selected()).join() === 'Wait for it');
    await until('it among those that wait', async () =>
      (await window.tree.rows()).some(([label]) => label === 'Waiting'),
    );
  });

  it('completion, always: reported, with ways to the loop', async () => {
    const { window } = host;
    await begin('always');
    await submit('ok told');
    const { severity, buttons } = await window.notices.says('“ok told” completed.');
    assert.equal(severity, 'info');
    assert.deepEqual(buttons, ['Show Output', 'Show Loop', OFF]);
    await window.screenshot('notification-completion');
    await window.notices.press('“ok told” completed', 'Show Output');
    await (await window.panel('Output: ok told')).getByText('Attempt 1 completed').waitFor();
  });

  it('a burst is one message with a count and names', async () => {
    const { window } = host;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await submit(`once now ${name}`);
    await until('all five to run', async () => (await window.tree.rows())[0]?.[0] === 'Running 5/8');
    // Its host stands still until all have ended: so they end at once for it, however long they take.
    const [extensionHost] = host.server.hosts();
    assert.ok(extensionHost);
    signal(extensionHost, 'SIGSTOP');
    writeFileSync(join(host.workspace, 'now'), '');
    await until('the end of all five', () => host.server.started().length === 0);
    signal(extensionHost, 'SIGCONT');
    // The first that it finds may be reported before it has found the others.
    const told = await until('all five to be told', async () => {
      const texts = await completions();
      const sum = texts.reduce((n, text) => n + Number(/^(\d+) loops completed/.exec(text)?.[1] ?? 1), 0);
      return sum === 5 && texts;
    });
    assert.ok(told.length < 3, told.join('\n'));
    assert.match(told.join('\n'), /^\d loops completed: “once .*”(, “once .*”)? and (\d+ more|“once .*”)\.$/m);
    assert.deepEqual((await window.notices.says('loops completed')).buttons, ['Show Loops', OFF]);
    await window.screenshot('notification-burst');
  });

  it('Don’t Show Again turns it off in the settings, and nothing more comes, also after a reload', async () => {
    const { window, server } = host;
    await submit('ok once more');
    await window.notices.press('“ok once more” completed', OFF);
    await until('the setting', () => server.readSettings('User')[SETTING] === 'off');
    await window.reload();
    await window.tree.show();
    await completeAndFail('silent');
    assert.deepEqual(await completions(), []);
  });
});
