import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pictures } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS } from './agents.ts';
import { PayingAgent } from './payingAgent.ts';

/** Leaves a line of what it was asked for in the folder, and asks a question that nobody can answer. */
const ASKS = 'cat >> prompts.txt; printf "Shall I go on? [y/N] "; exec sleep 1000';

/** Moves the time at which VS Code last had the focus back by so many ms, in what it has stored. */
const LONG_AGO = `(async (ms) => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let found = 0;
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith('vscode-web-state-db-')) continue;
    const database = await done(indexedDB.open(name));
    if (database.objectStoreNames.contains('ItemTable')) {
      const table = database.transaction('ItemTable', 'readwrite').objectStore('ItemTable');
      const key = 'loopsupervisor.loop-supervisor';
      const text = await done(table.get(key));
      const state = text === undefined ? {} : JSON.parse(text);
      if ('presence.seenAt' in state) {
        state['presence.seenAt'] -= ms;
        await done(table.put(JSON.stringify(state), key));
        found++;
      }
    }
    database.close();
  }
  return found;
})`;

describe('every day', () => {
  const paying = new PayingAgent();
  const settings = {
    'loopSupervisor.agents': {
      ...AGENTS,
      asks: { extends: 'plain', command: 'sh', args: ['-c', ASKS] },
      paying: paying.profile,
    },
    'loopSupervisor.defaultAgent': 'asks',
    'loopSupervisor.maxConcurrent': 1,
  };
  const host = useWorkbench({ settings, size: { width: 1280, height: 900 } });
  after('remove the program', () => paying.remove());

  const prompts = () => {
    const file = join(host.workspace, 'prompts.txt');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const group = async (name: string) =>
    (await host.window.tree.rows()).find(([label]) => label.startsWith(name))?.[2]?.map(([label]) => label) ?? [];

  before(async () => {
    const command = ['sh', '-c', 'cat >> "$0"', join(host.workspace, 'told.json')];
    host.server.writeSettings({ ...settings, 'loopSupervisor.notifications.command': command });
    await host.window.tree.show();
  });

  it('R2.6 Edit Prompt changes the queued loop itself, check included, and keeps unsaved choices', async () => {
    const { window } = host;
    await window.submit('Ask first');
    await window.submit('Second');
    await window.tree.contextAction('Second', 'Edit Prompt…');
    await window.input.pick(/Prompt$/);
    await window.input.answer('The text for the agent', 'Second thoughts');
    await window.input.asked('Choose what to change');
    await window.page.keyboard.press('Escape');
    await window.tree.contextAction('Second', 'Edit Prompt…');
    await until('what was typed', async () => {
      const said = await window.input.said();
      return Object.values(said).some((text) => text.includes('Second thoughts · changed'));
    });
    await window.input.pick(/Check$/);
    await window.input.asked('What must pass?');
    await window.input.pick(/Type a Command/);
    await window.input.answer('A command line that must exit with 0', 'true');
    await window.input.asked('Choose what to change');
    await window.screenshot('edit-loop');
    await window.input.pick(/Save$/);
    await window.tree.contextAction('Second thoughts', 'Show Details');
    const page = await window.panel('Second thoughts');
    await page.getByRole('region', { name: 'Proof' }).getByText('true').waitFor();
    await until('one loop, not two', async () => (await group('Queued')).join() === 'Second thoughts');
  });

  it('F2 renames the loop with the focus', async () => {
    const { window } = host;
    await window.tree.press('Second thoughts', 'F2', async () => (await window.input.question()).includes('A title'));
    await window.input.answer('A title for the list of loops', 'Renamed');
    await window.tree.row('Renamed').waitFor();
  });

  it('R2.7 Delete cancels the row with the focus, not the one that is open, and Undo puts it back', async () => {
    const { window } = host;
    await window.submit('Third');
    await window.tree.open('Third', 'Third');
    // While its page loads it takes the keyboard.
    await window.panel('Third');
    await window.tree.focus('Renamed');
    // Once: a second one would cancel what was put back.
    await window.page.keyboard.press('Delete');
    await until('the other one alone', async () => (await group('Queued')).join() === 'Third');
    await window.notices.press('Cancelled “Renamed”', 'Undo');
    await until('it to be back at its old place', async () => (await group('Queued')).join() === 'Renamed,Third');
  });

  it('R8.4 a loop that may be asking has its own icon and shows its question', async () => {
    const { window } = host;
    await window.tree.becomes('Ask first', 'may be asking: Shall I go on? [y/N]');
    await window.tree.row('Ask first').locator('.codicon-question').waitFor();
  });

  it('R7.3 Force Stop says how many processes it ended', async () => {
    const { window } = host;
    await window.tree.contextAction('Ask first', 'Force Stop');
    await window.notices.says(/Force-stopped 1 loop with \d process/);
    await until('the next one to run', () => prompts() === 'Ask firstSecond thoughts');
    await window.command('Stop All Loops');
    await window.notices.pressInDialog('Stop 2 loops?', 'Stop All');
    await window.tree.rests();
  });

  it('R6.8 Continue asks a loop at its own cost limit for the new one', async () => {
    const { window } = host;
    await window.command('Submit with Options…');
    await window.input.answer('The text for the agent', 'Spend it [cost 0.30] [quick]');
    await window.input.asked('agent that runs');
    await window.input.input().fill('paying');
    const agents = await window.input.question();
    await window.input.pick(/paying$/);
    await window.input.acceptUntil((question) => question.includes('Stop the loop when'), agents);
    const limit = await window.input.question();
    await window.input.answer('Stop the loop when it has cost', '0.10');
    await window.input.acceptUntil(async () => (await window.tree.row(/^Spend it/).count()) > 0, limit);
    await window.tree.becomes(/^Spend it/, 'at its cost limit');
    await window.tree.inlineAction(/^Spend it/, 'Continue');
    await window.input.asked(/It has cost \$0\.\d+, and its limit was \$0\.10/);
    await window.screenshot('continue-limit');
    await window.input.answer('How much may it cost in all', '5');
    await window.tree.becomes(/^Spend it/, 'completed');
  });

  it('finished loops are grouped, hidden and marked read as the user chooses', async () => {
    const { window } = host;
    const finished = async () => {
      const rows = (await window.tree.rows()).find(([label]) => label === 'Finished');
      return { said: rows?.[1] ?? '', sections: rows?.[2]?.map(([label, description]) => `${label} ${description}`) };
    };
    await window.command('Group Finished Loops…');
    await window.input.pick(/state$/i);
    await until('the states', async () => (await finished()).sections?.join() === 'Unread 1,Cancelled 3');
    await window.tree.row('Unread').hover();
    await window.tree.inlineAction('Unread', 'Mark All as Read');
    await until('nothing unread', async () => (await finished()).sections?.join() === 'Completed 1,Cancelled 3');
    await window.command('Hide Cancelled Loops');
    await until('the others', async () => (await finished()).said === '1 of 4 · cancelled hidden');
    await pictures(host, 'finished');
    await window.command('Show Cancelled Loops');
    await window.tree.row('Cancelled').waitFor();
  });

  it('notifications.command is run with each event as JSON', async () => {
    const file = join(host.workspace, 'told.json');
    const told = await until('what was told', () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, string>);
      return events.some(({ kind }) => kind === 'completion') && events;
    });
    const said = told.map(({ kind, title }) => `${kind}: ${title?.split(' [')[0]}`);
    assert.deepEqual(said, ['waiting: Spend it', 'completion: Spend it']);
    assert.match(told.at(-1)?.['message'] ?? '', /“Spend it .*” completed for \$0\.\d+/);
  });

  it('the walkthrough ticks off steps done elsewhere', async () => {
    const { window } = host;
    await window.command('Open Walkthrough');
    await until('the step that was done', () => window.walkthrough.isDone('Submit a selection'));
    assert.ok(!(await window.walkthrough.isDone('Set a daily budget')), 'nobody has set one');
  });

  it('every mistake in agents is listed above the tree, with what to do', async () => {
    const { window, server } = host;
    const before = server.readSettings();
    const odd = {
      ...{ line: { command: 'wc -w && echo done' }, none: { extends: 'nobody', command: 'x' } },
      ...{ channel: { command: 'cat', prompt: 'telepathy' }, missing: { command: 'loop-no-such-program' } },
    };
    server.writeSettings({ ...before, 'loopSupervisor.agents': { ...settings['loopSupervisor.agents'], ...odd } });
    const mistakes = [/"shell": true/, /nobody/, /\("telepathy"\): it is one of stdin, argument and file/];
    const message = window.page.locator('.part.sidebar .tree-explorer-viewlet-tree-view .message');
    await until('all of them', async () => {
      const said = (await message.allInnerTexts()).join();
      for (const mistake of mistakes) assert.match(said, mistake);
      return true;
    });
    await window.screenshot('settings-problems');
    await window.command('Check Agents');
    await until('all of them in the report, and the program that is not there', async () => {
      const report = await window.webview().locator('body').innerText();
      for (const part of [...mistakes, /loop-no-such-program is not on PATH/]) assert.match(report, part);
      return true;
    });
    server.writeSettings(before);
    await until('no message', async () => !(await message.allInnerTexts()).join().includes('nobody'));
  });

  it('settings.json offers names, options and snippets for agents, beside profiles of one’s own', async () => {
    const { window, server } = host;
    const { keyboard } = window.page;
    const list = window.page.locator('.suggest-widget.visible .monaco-list-row .label-name');
    const offers = (...labels: string[]) =>
      until(`${labels.join(', ')} to be offered`, async () => {
        assert.deepEqual((await list.allInnerTexts()).toSorted(), labels.toSorted());
        return true;
      });
    await window.input.anyCommand(`Preferences: Open Remote Settings (JSON) (127.0.0.1:${server.port})`);
    const lines = JSON.stringify(server.readSettings(), undefined, 2).split('\n');
    await until('the settings', async () => (await window.editor.text()).startsWith('{'));
    await window.editor.jumpTo(lines.indexOf('  },', lines.indexOf('  "loopSupervisor.agents": {')));
    // The language server knows the file.
    await window.page.locator('.monaco-breadcrumbs').filter({ hasText: 'loopSupervisor.agents' }).first().waitFor();
    await keyboard.press('End');
    await keyboard.type(', "');
    await offers('claude', 'codex', 'copilot', 'gemini', 'kilo', 'opencode', 'pi', 'qwen', 'sample');
    await window.screenshot('settings-names');
    await keyboard.press('Enter');
    await until('the profile', async () => (await window.editor.text()).includes('"claude": {}'));
    await keyboard.type('"');
    await offers(
      ...['args', 'command', 'commands', 'env', 'extends', 'mode'],
      ...['model', 'permissionMode', 'prompt', 'resume', 'sandbox', 'shell'],
    );
    await keyboard.press('End');
    await keyboard.type(', "mine":');
    await offers('A command', 'A shell line', 'A variant of a built-in agent');
    await window.screenshot('settings-snippets');
  });

  it('after an absence one summary says what happened', async () => {
    const { window, server } = host;
    await window.remembers('presence.seenAt');
    await window.page.goto(`${server.origin}/version`);
    assert.ok(Number(await window.page.evaluate(`${LONG_AGO}(${6 * 3_600_000})`)) > 0);
    await window.page.goto(server.url(host.workspace));
    await window.ready();
    const { message, buttons } = await window.notices.says('While you were away');
    assert.match(message, /^While you were away since .*: 1 completed\. Finished loops cost \$0\.\d+\.$/);
    assert.ok(buttons.includes('Show Loops'));
  });
});
