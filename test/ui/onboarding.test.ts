import assert from 'node:assert/strict';
import { THEMES, type ThemeName, themeSetting, useTheme } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import type { Workbench } from '../support/host/workbench.ts';
import { until } from '../support/until.ts';
import { Programs } from './programs.ts';

const CODEX_HELP = 'echo "--json --skip-git-repo-check --sandbox --config --model"';
const COPILOT_MISSING =
  'Copilot CLI is not installed: copilot was not found on the PATH. Its own installer is: npm install -g @github/copilot';
/** What codex may do without asking as long as nobody says otherwise. */
const CODEX_MAY = 'Its commands can write in its folder and the temporary folder, without network';
/** What the list says that an agent cannot do. */
const CANNOT = {
  codex: 'Its spending is known only at the end of its turn, so nothing limits it while it runs.',
  gemini:
    'Its spending is known only at its end, so nothing limits it while it runs. ' +
    'A run that is killed does not report what it has spent.',
  opencode:
    'It says nothing while it retries: an outage of its provider looks like silence. ' +
    'Its cost leaves out its sub-agents, and is then shown as "at least".',
  copilot: 'While it runs, its spending is only estimated from its calls; its report at the end corrects that.',
  pi:
    'Pi has no permissions: every tool runs without asking, commands included. ' +
    'Restrict it with arguments such as ["--tools", "read,edit,write"].',
  qwen:
    'It says nothing while it retries: an outage of its provider looks like silence. ' +
    'Its extra calls, such as summaries, show in its cost only at its end.',
};
/** What claude says when it has done what it was asked for. */
const DONE = {
  type: 'result',
  subtype: 'success',
  is_error: false,
  total_cost_usd: 0.25,
  num_turns: 1,
  result: 'Done.',
};
const STEPS = [
  'Run sample loops',
  'Choose an agent',
  'Submit a selection',
  'Set a daily budget',
  'Reload the window whenever you like',
];

describe('onboarding', () => {
  const programs = new Programs({
    claude: {
      '--version': 'echo "2.1.328 (Claude Code)"',
      '--help':
        'echo "--print --output-format --verbose --permission-mode --settings --model --session-id --resume --max-budget-usd"',
      'auth status': 'echo "{ \\"loggedIn\\": true }"',
      '*': `while read -r line; do :; done; echo '${JSON.stringify(DONE)}'`,
    },
    codex: { '--version': 'echo "codex-cli 0.48.0"' },
    'codex-work': {
      '--version': 'echo "codex-cli 0.169.0"',
      'exec --help': CODEX_HELP,
      'login status': 'echo "Not logged in" >&2; exit 1',
    },
    gemini: { '*': 'exec /bin/sleep 1000' },
    opencode: { '*': 'echo "Cannot find module opencode" >&2; exit 1' },
  });
  const settings = {
    'loopSupervisor.agents': {
      'codex-work': { extends: 'codex', command: 'codex-work' },
      mine: { command: programs.path('claude') },
    },
  };
  const host = useWorkbench({
    settings: { ...settings, ...themeSetting('dark') },
    env: programs.environment,
    files: { 'notes.md': 'Greet the moon [quick]\n' },
    // Beside the steps of a walkthrough there is room for its pictures only in a wide window.
    size: { width: 1500, height: 860 },
  });
  after('remove the programs', () => programs.remove());

  /** A second window: what is asked in it takes its time while the first is used. */
  let other: Workbench;

  describe('Choose Agent and Check Agents', () => {
    it('the list opens before anything is known', async () => {
      other = await host.open(host.folder());
      // A list takes two fifths of the height at most: so all rows are on the screen.
      await other.resize({ width: 1500, height: 1300 });
      programs.shellWaits = true;
      await other.command('Submit with Options…');
      await other.input.answer('The text for the agent', 'Not now');
      await other.input.asked('The agent that runs the prompt');
      assert.equal((await other.input.said())['claude'], 'looking for it…');
      await other.page.keyboard.press('Escape');
      await other.command('Choose Agent…');
      await other.input.asked('The agent that runs your prompts');
      const said = await other.input.said();
      assert.deepEqual(Object.keys(said), [
        'sample',
        'claude',
        'codex',
        'gemini',
        'opencode',
        'copilot',
        'pi',
        'qwen',
        'kilo',
        'codex-work',
        'mine',
        'Check Agents',
      ]);
      assert.equal(said['claude'], 'looking for it…');
      assert.equal(await other.input.active(), 'sample');
    });

    it('it shows each agent’s answer as it comes, and waits for none', async () => {
      // The shell is waited for only so long: it is asked anew, by a window that has not asked it yet.
      programs.shellWaits = false;
      await other.reload();
      programs.shellWaits = true;
      await other.command('Choose Agent…');
      await until('the list', async () => (await other.input.active()) === 'sample');
      await other.input.moveTo('claude');
      programs.shellWaits = false;
      const path = (name: string) => programs.path(name);
      const expected = {
        sample: 'Demo: makes no changes, costs nothing, needs no account',
        claude: `2.1.328 · ${path('claude')}`,
        codex: `0.48.0 · too old · ${path('codex')} | ${CANNOT.codex}`,
        gemini: `asking for its version… · ${path('gemini')} | ${CANNOT.gemini}`,
        opencode: `does not start · ${path('opencode')} | ${CANNOT.opencode}`,
        copilot: `not installed · npm install -g @github/copilot | ${CANNOT.copilot}`,
        pi: `not installed · npm install -g @earendil-works/pi-coding-agent | ${CANNOT.pi}`,
        qwen: `not installed · npm install -g @qwen-code/qwen-code | ${CANNOT.qwen}`,
        kilo: `not installed · npm install -g @kilocode/cli | ${CANNOT.opencode}`,
        'codex-work': `0.169.0 · not logged in · ${path('codex-work')} | ${CANNOT.codex}`,
        mine: path('claude'),
        'Check Agents': 'what is installed, and how to fix what is not',
      };
      await until('all but the one that does not answer', async () => {
        const said = await other.input.said();
        // It is waited for only so long.
        if (said['gemini']?.startsWith('does not answer')) said['gemini'] = expected.gemini;
        assert.deepEqual(said, expected);
        return true;
      });
      assert.equal(await other.input.active(), 'claude', 'the user is taken elsewhere');
      await other.screenshot('choose-agent-dark');
      await other.page.keyboard.press('Escape');
    });

    it('Submit with Options says where each is', async () => {
      await other.command('Submit with Options…');
      await other.input.answer('The text for the agent', 'Not now');
      await until(
        'where it is',
        async () => (await other.input.said())['claude'] === `2.1.328 · ${programs.path('claude')}`,
      );
      assert.equal(
        (await other.input.said())['copilot'],
        `not installed · npm install -g @github/copilot | ${CANNOT.copilot}`,
      );
      await other.page.keyboard.press('Escape');
    });

    it('Check Agents says at once what it waits for', async () => {
      await other.command('Check Agents');
      await other.notices.says(/Checking agents.*waiting for .*gemini/);
      // Its report comes while the first window is used.
      other.isKept = true;
    });
  });

  describe('the walkthrough', () => {
    it('is a click away, and has five steps with pictures', async () => {
      const { window } = host;
      await window.tree.show();
      await window.tree.welcome('Walkthrough').click();
      assert.deepEqual(await window.walkthrough.steps(), STEPS);
      for (const [index, step] of STEPS.entries()) {
        await window.walkthrough.select(step);
        const width = await window.walkthrough.picture(PICTURES[index]!);
        assert.ok(width > 300, `${step}: ${width} pixels`);
        assert.doesNotMatch(await window.walkthrough.text(), /[*_`[\]]/, 'markup that is shown as it is');
        await window.screenshot(`walkthrough-${index + 1}-dark`);
      }
    });

    it('Run Sample Loops runs them, and ticks its step off', async () => {
      await pressed('Run sample loops', 'Run Sample Loops', async (window) => {
        await window.tree.row('Quick success').waitFor();
      });
    });

    it('Choose Agent asks for one', async () => {
      await pressed('Choose an agent', 'Choose Agent', async (window) => {
        await window.input.asked('The agent that runs your prompts');
        await window.page.keyboard.press('Escape');
      });
    });

    it('Submit a Prompt submits one; the first time it asks for the agent', async () => {
      await pressed('Submit a selection', 'Submit a Prompt', async (window) => {
        await window.input.answer('The text for the agent', 'Greet the world [cost 0.25]');
        await window.input.asked('Choose the agent that runs your prompts');
        // What is not there is said, and the prompt waits for another choice.
        await until('that it is not there', async () =>
          (await window.input.said())['copilot']?.startsWith('not installed'),
        );
        await window.input.pick('copilot');
        await window.notices.press(COPILOT_MISSING, 'Choose Another Agent');
        await window.input.asked('Choose the agent that runs your prompts');
        await window.input.pick('sample');
        await window.tree.row(/^Greet the world/).waitFor();
        await window.notices.clear();
        await until(
          'the choice in the settings',
          () => host.server.readSettings()['loopSupervisor.defaultAgent'] === 'sample',
        );
      });
    });

    it('Open Settings begins with what matters first, of the machine where VS Code keeps that apart', async () => {
      const { window } = host;
      await window.command('Open Settings');
      const contents = window.page.locator('.settings-toc-wrapper .monaco-list-row');
      await until('the headings', async () => {
        const rows = await contents.evaluateAll((elements) =>
          elements.map((row) => ({ at: Number(row.getAttribute('data-index')), text: row.textContent ?? '' })),
        );
        const texts = rows.toSorted((a, b) => a.at - b.at).map(({ text }) => text.replace(/\s*\(\d+\)$/, '').trim());
        const ours = texts.slice(texts.indexOf('Loop Supervisor') + 1);
        assert.deepEqual(ours.slice(0, 5), ['Agents', 'Running at once', 'Budget', 'Work trees', 'Notifications']);
        return true;
      });
      await window.page.locator('.settings-tabs-widget .action-label.checked', { hasText: /^Remote/ }).waitFor();
      await window.closeOverlay();
    });

    it('Set Daily Budget sets it', async () => {
      await pressed('Set a daily budget', 'Set Daily Budget', async (window) => {
        await window.input.answer('USD per day', '20');
        await until('the limit', async () => (await window.statusText('budget')).endsWith('/ $20.00 today'));
      });
    });

    it('what happens on a reload is ticked off by reading it, and its settings are a click away', async () => {
      const { window } = host;
      await window.command('Open Walkthrough');
      // It was read when its picture was looked at.
      assert.ok(await window.walkthrough.isDone(STEPS[4]!));
      await window.walkthrough.select(STEPS[4]!);
      await window.walkthrough.press('Window Settings');
      await window.page
        .locator('.settings-editor .setting-item-label')
        .filter({ hasText: 'On Window Close' })
        .waitFor();
      await window.screenshot('settings-of-windows');
      await window.closeOverlay();
    });

    async function pressed(step: string, button: string, happens: (window: Workbench) => Promise<void>): Promise<void> {
      const { window } = host;
      await window.command('Open Walkthrough');
      assert.ok(!(await window.walkthrough.isDone(step)), 'it is ticked off before');
      await window.walkthrough.select(step);
      await window.walkthrough.press(button);
      await happens(window);
      await until('the step to be ticked off', () => window.walkthrough.isDone(step));
    }
  });

  for (const theme of ['light', 'contrast'] as const) {
    describe(`in ${THEMES[theme].theme}`, () => {
      it('the steps of the walkthrough and the list of agents can be read', async () => {
        const { window } = host;
        await useTheme(host, theme, settings);
        await window.command('Choose Agent…');
        await until('what is found', async () => (await window.input.said())['codex']?.includes('too old'));
        await window.screenshot(`choose-agent-${theme}`);
        await window.page.keyboard.press('Escape');
        await window.command('Open Walkthrough');
        for (const [index, step] of STEPS.entries()) {
          await window.walkthrough.select(step);
          await window.walkthrough.picture(PICTURES[index]!);
          await window.screenshot(`walkthrough-${index + 1}-${theme}`);
        }
      });
    });
  }

  describe('the report of Check Agents', () => {
    it('says precisely what is wrong, and what to do', async () => {
      const report = await until('the report', async () => {
        const text = await other.webview().locator('body').innerText();
        return text.includes('Agents of Loop Supervisor') && text.replace(/\s+/g, ' ');
      });
      for (const part of [
        /3 agents can be used, 4 need attention, 4 not found\./,
        /claude \(Claude Code\) Found at \S+\/claude\. Version 2\.1\.328\. Logged in\./,
        /codex \(Codex\) Found at \S+\/codex\. Version 0\.48\.0\. Problem: Version 0\.48\.0 is too old: .* Update it: npm install -g @openai\/codex/,
        /gemini \(Gemini CLI\) Found at \S+\/gemini\. Problem: It does not start: --version has not answered within 20 seconds\./,
        /opencode \(OpenCode\) .* Problem: It does not start: --version ended with exit code 1: Cannot find module opencode\./,
        /codex-work \(Codex\) .* Problem: It is not logged in: run "codex login" in a terminal/,
        /Not found copilot \(Copilot CLI\) copilot is not on PATH\. Install: npm install -g @github\/copilot Log in: run "copilot login" in a terminal/,
        /Containment Loops are contained by (a scope of your systemd|a control group|a subreaper|search)\. /,
      ])
        assert.match(report, part);
      for (const theme of Object.keys(THEMES) as ThemeName[]) {
        await useTheme(host, theme, settings, [other]);
        await other.screenshot(`check-agents-${theme}`);
      }
      // The report is closed: a page that is drawn anew would take the keyboard from the next list.
      other.isKept = false;
    });

    it('choosing an agent that cannot be used yet, or is missing, says so', async () => {
      await other.command('Choose Agent…');
      await until('that it is too old', async () => (await other.input.said())['codex']?.includes('too old'));
      await other.input.pick('codex');
      await other.input.asked('What may codex do without asking?');
      await until('what it may do now', async () => (await other.input.active()) === CODEX_MAY);
      await other.page.keyboard.press('Enter');
      await other.notices.says('Prompts now go to codex, but it cannot be used yet. Version 0.48.0 is too old');
      assert.equal(host.server.readSettings()['loopSupervisor.defaultAgent'], 'codex');
      await other.notices.clear();
      await other.command('Choose Agent…');
      await until('that it is not there', async () =>
        (await other.input.said())['copilot']?.startsWith('not installed'),
      );
      await other.input.pick('copilot');
      const { buttons } = await other.notices.says(COPILOT_MISSING);
      assert.deepEqual(buttons, ['Install in Terminal', 'Choose Another Agent', 'Check Agents']);
      assert.equal(host.server.readSettings()['loopSupervisor.defaultAgent'], 'codex');
      // The command stands in a terminal of that name, where the user starts it.
      await other.notices.press(COPILOT_MISSING, 'Install in Terminal');
      await other.page.locator('.part.panel').getByText('Install copilot').first().waitFor();
      await other.notices.clear();
    });
  });

  describe('the first loop of one’s own', () => {
    before('nobody has chosen an agent', async () => {
      host.server.writeSettings({ ...settings, ...themeSetting('dark'), 'loopSupervisor.budget.dailyLimitUsd': 7 });
      // The limit says that all of it is read.
      await until('the settings', async () => (await host.window.statusText('budget')) === '$0.00 / $7.00 today');
    });

    it('a selection is not sent to the demo: the first time it asks for the agent', async () => {
      const { window } = host;
      await window.tree.show();
      await window.editor.open('notes.md');
      await window.editor.selectLines(1, 1);
      await window.page.keyboard.press('Control+Alt+Enter');
      await window.input.asked('Choose the agent that runs your prompts');
      await window.page.keyboard.press('Escape');
      await until('no question', async () => (await window.input.question()) === '');
      assert.ok(!(await window.tree.labels()).some((label) => label.startsWith('Greet the moon')));
    });

    it('comes after the samples in at most four steps, each where one looks', async () => {
      const { window } = host;
      await window.tree.show();
      await window.tree.becomes('Quick success', 'completed');
      const steps: string[] = [];
      const step = async (what: string, take: () => Promise<unknown>): Promise<void> => {
        steps.push(what);
        await take();
      };
      const plus = window.page.locator('.part.sidebar .composite.title .action-label[aria-label^="Submit Prompt"]');
      await step('press the plus of the view', () =>
        until('the question for the prompt', async (timeout) => {
          await plus.click({ timeout });
          await window.input.input().waitFor({ timeout });
          return true;
        }),
      );
      await step('write the prompt', () => window.input.answer('The text for the agent', 'Fix the first bug'));
      await window.input.asked('Choose the agent that runs your prompts');
      // While answers come the list is drawn anew, which swallows clicks; gemini never answers.
      await until('what is found', async () => {
        const { gemini: _, ...said } = await window.input.said();
        return said['claude']?.startsWith('2.1.328') && !/looking for|asking for/.test(Object.values(said).join());
      });
      await step('choose the agent', () => window.input.pick('claude'));
      await step('choose what it may do', () => window.input.accept('What may claude do without asking?'));
      await window.tree.becomes('Fix the first bug', 'completed');
      await until('what it has cost', async () => (await window.statusText('budget')) === '$0.25 / $7.00 today');
      assert.ok(steps.length <= 4, steps.join(', '));
    });
  });
});

/** What the pictures of the steps say. */
const PICTURES = [
  /groups Running, Queued and Finished/,
  /list of Choose Agent/,
  /context menu entry Submit Selection/,
  /question for the daily budget/,
  /window that closes and opens again/,
];
