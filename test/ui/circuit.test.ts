import assert from 'node:assert/strict';
import { pictures } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS, submitTo } from './agents.ts';

describe('the circuit in the workbench', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': AGENTS,
      'loopSupervisor.defaultAgent': 'fails',
      'loopSupervisor.restart.maxRestarts': 0,
      'loopSupervisor.circuitBreaker.failureThreshold': 2,
      // No test is to meet its end, however long it takes.
      'loopSupervisor.circuitBreaker.cooldownSeconds': 3000,
    },
  });

  let failed = 0;

  /** Lets a loop fail, and waits for that. */
  async function fail(): Promise<void> {
    const { window } = host;
    const prompt = `Fail for the ${++failed}. time`;
    await window.submit(prompt);
    await window.tree.becomes(prompt, 'failed');
  }

  const isOpen = async () =>
    /^fails stopped after 2 failures · \d+m \d\ds$/.test(await host.window.statusText('circuit'));

  /** Lets loops fail until the circuit opens. */
  async function open(): Promise<void> {
    await host.window.tree.show();
    if (await isOpen()) return;
    // What failed before counts no more.
    await host.window.command('Reset Circuit');
    await fail();
    await fail();
    await until('the circuit to open', isOpen);
  }

  it('R4.1 R4.3 failures in a row open it: the status bar counts down, and a notification says so', async () => {
    const { window } = host;
    await window.tree.show();
    await fail();
    await until('an icon alone, with nothing to say', async () => (await window.statusText('circuit')) === '');
    await fail();
    await until('the circuit to open', isOpen);
    assert.equal(await window.statusKind('circuit'), 'error');
    assert.match(
      (await window.statusItem('circuit').locator('a').getAttribute('aria-label')) ?? '',
      /^Loops: fails stopped after 2 failures, \d+m \d\ds/,
    );
    const { severity, buttons } = await window.notices.says('New loops are paused after failures, until');
    assert.equal(severity, 'warning', 'it goes away by itself, as the pause does');
    assert.deepEqual(buttons, ['Reset Circuit', 'Show Circuit']);
    const seconds = async () => {
      const [, minutes, rest] = /(\d+)m (\d+)s$/.exec(await window.statusText('circuit')) ?? [];
      return Number(minutes) * 60 + Number(rest);
    };
    const first = await seconds();
    await until('the count to go down', async () => (await seconds()) < first);
    await pictures(host, 'circuit-open', async () => {
      const said = await window.statusHover('circuit');
      assert.match(said, /fails\s+stopped after 2 failures[\s\S]*sample, claude[\s\S]*ready/);
      assert.match(said, /exit code 3: no luck[\s\S]*After several failures in a row of one account/);
    });
  });

  it('R4.1 a submit is rejected with the seconds left; its button resets the circuit and submits again', async () => {
    const { window } = host;
    await open();
    await window.submit('Not now');
    await window.notices.says(/paused after several failures.*due at (?:\w{3} )?\d+:\d+/);
    await window.notices.press(/paused after several failures/, 'Reset Circuit');
    await window.tree.becomes('Not now', 'failed');
  });

  it('R4.3 a click on the status bar says why, and resets', async () => {
    const { window } = host;
    await open();
    await window.statusItem('circuit').click();
    await window.input.asked(/1 account paused or held: fails/);
    assert.ok((await window.input.choices()).some((choice) => choice.includes('Reset Circuit')));
    await window.screenshot('circuit-why');
    await window.input.pick(/Reset Circuit/);
    await until('the circuit to close', async () => (await window.statusText('circuit')) === '');
  });

  it('R14.1 a failing command of the user’s own stops no other agent', async () => {
    const { window } = host;
    await open();
    await submitTo(window, 'Goes on [quick]', 'sample');
    await window.tree.becomes('Goes on [quick]', 'completed');
    assert.ok(await isOpen());
    await window.command('Reset Circuit');
    await until('the circuit to close', async () => (await window.statusText('circuit')) === '');
  });

  it('its settings are a choice away', async () => {
    const { window } = host;
    await until('an icon alone', async () => (await window.statusText('circuit')) === '');
    await window.statusItem('circuit').click();
    await window.input.asked(/Ready: no account is paused or held/);
    await window.input.pick(/Open Settings/);
    await until('the settings of the circuit', async () => {
      const labels = await window.page.locator('.settings-editor .setting-item-label').allInnerTexts();
      return labels.length === 3 && labels.some((label) => label.includes('Cooldown Seconds'));
    });
  });
});
