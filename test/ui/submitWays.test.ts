import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { THEMES, type ThemeName, themeSetting, useTheme } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { openBeside } from '../support/openBeside.ts';
import { until } from '../support/until.ts';

const CODE =
  'function total(items) {\n  let sum = 0;\n  for (const item of items) sum += item.price;\n  return sum;\n}\n';

describe('ways to submit', () => {
  const settings = {
    'loopSupervisor.agents': {
      // What each was given is in a file of its own, which appears when it is complete.
      keeps: { command: '/bin/sh', args: ['-c', 'cat > part-$$ && mv part-$$ given-$$'] },
    },
    'loopSupervisor.defaultAgent': 'keeps',
  };
  const host = useWorkbench({
    settings: { ...settings, ...themeSetting('dark') },
    files: {
      'src/total.js': CODE,
      'data.json': '{}\n',
      'notes.md': '# Notes\n\nWrite them anew.\n',
      'plan.txt': 'Make a plan.\n',
      'tidy.prompt.md': 'Tidy up.\n',
    },
  });

  const givenFile = () => readdirSync(host.workspace).find((name) => name.startsWith('given-'));

  /** What an agent was given, word for word. */
  async function given(): Promise<string> {
    const file = join(host.workspace, await until('what the agent was given', givenFile));
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    return text;
  }

  it('Submit Selection with Instruction gives the instruction, and the selection with its place', async () => {
    const { window } = host;
    await window.tree.show();
    await window.editor.open('total.js');
    await window.editor.selectLines(2, 4);
    await window.editor.contextAction('Submit Selection with Instruction…');
    await window.input.asked('What should the agent do with the selection?');
    await window.input.answer('What should the agent do', 'Use reduce');
    assert.equal(
      await given(),
      'Use reduce\n\nFrom src/total.js, lines 2-4:\n\n```javascript\n  let sum = 0;\n  for (const item of items) sum += item.price;\n  return sum;\n```',
    );
    await window.tree.row('Use reduce').waitFor();
  });

  it('Submit Selection of the context menu gives the selection and says where it is, if that is wanted', async () => {
    const { window } = host;
    await window.editor.open('total.js');
    await window.editor.selectLines(4, 4);
    await window.editor.contextAction('Submit Selection to Agent');
    assert.equal(await given(), '  return sum;\n\n(The text above is selected in src/total.js, line 4.)');
    host.server.writeSettings({ ...settings, 'loopSupervisor.submit.selectionContext': false });
    await until('the selection alone', async () => {
      await window.editor.contextAction('Submit Selection to Agent');
      return (await given()) === '  return sum;';
    });
    host.server.writeSettings({ ...settings, ...themeSetting('dark') });
  });

  it('Submit as Prompt is in the explorer’s context menu for text files only', async () => {
    const { window } = host;
    await window.explorer.show();
    assert.ok(!(await window.explorer.offers('data.json', 'Submit as Prompt')));
    for (const file of ['plan.txt', 'tidy.prompt.md'])
      assert.ok(await window.explorer.offers(file, 'Submit as Prompt'), file);
    await window.explorer.contextAction('notes.md', 'Submit as Prompt');
    assert.equal(await given(), '# Notes\n\nWrite them anew.\n');
    await window.tree.show();
    await window.tree.row('Notes').waitFor();
  });

  it('it is in the title of an editor too: a button for prompts, an entry of the menu for other texts', async () => {
    const { window } = host;
    await window.editor.open('tidy.prompt.md');
    await window.editor.titleAction('Submit as Prompt');
    assert.equal(await given(), 'Tidy up.\n');
    for (const [file, text] of [
      ['notes.md', '# Notes\n\nWrite them anew.\n'],
      ['plan.txt', 'Make a plan.\n'],
    ] as const) {
      await window.editor.open(file);
      await window.editor.titleMenu('Submit as Prompt');
      assert.equal(await given(), text);
    }
  });

  it('“submit prompt” in the palette finds Submit Prompt first; Submit Current File asks before it sends all of it', async () => {
    const { window } = host;
    await window.editor.open('plan.txt');
    await window.input.search('submit prompt', async () => {
      return (await window.input.active()) === 'Loop Supervisor: Submit Prompt…';
    });
    await window.command('Submit Current File…');
    await window.notices.pressInDialog('Submit all of plan.txt as a prompt?', 'Cancel');
    assert.equal(givenFile(), undefined);
    await window.command('Submit Current File…');
    await window.notices.pressInDialog(/2 lines go to keeps/, 'Submit');
    assert.equal(await given(), 'Make a plan.\n');
  });

  it('several files of the explorer are submitted after a question with their number', async () => {
    const { window } = host;
    await window.explorer.show();
    await window.explorer.select('plan.txt', 'notes.md');
    await window.explorer.contextAction('notes.md', 'Submit as Prompt');
    await window.notices.pressInDialog(/Submit 2 files as prompts\?.*2 loops in all/, 'Submit');
    const texts = [await given(), await given()];
    assert.deepEqual(texts.sort(), ['# Notes\n\nWrite them anew.\n', 'Make a plan.\n']);
  });

  it('New Prompt File opens one; it is submitted by its button, as it stands', async () => {
    const { window } = host;
    await window.command('New Prompt File');
    await window.notices.says('Write your prompt here');
    await window.editor.type('First line\nsecond line');
    await window.editor.titleAction('Submit as Prompt');
    assert.equal(await given(), 'First line\nsecond line');
    await window.notices.clear();
  });

  it('the pencil of Submit Prompt leads there, and Submit Now submits', async () => {
    const { window } = host;
    await window.command('Submit Prompt…');
    await window.input.pressTitleButton('Write It in an Editor');
    await window.notices.says('Write your prompt here');
    await window.editor.type('From the pencil');
    await window.notices.press('Write your prompt here', 'Submit Now');
    assert.equal(await given(), 'From the pencil');
  });

  it('what was typed and not submitted is there the next time, and in the editor of the pencil', async () => {
    const { window } = host;
    await window.command('Submit Prompt…');
    await window.input.asked('The text for the agent');
    await window.input.input().fill('Half a thought');
    await window.page.keyboard.press('Escape');
    await window.command('Submit with Options…');
    await window.input.asked('The text for the agent');
    assert.equal(await window.input.input().inputValue(), 'Half a thought');
    await window.page.keyboard.press('Escape');
    await window.command('Submit Prompt…');
    await window.input.asked('For several lines');
    assert.equal(await window.input.input().inputValue(), 'Half a thought');
    await window.input.pressTitleButton('Write It in an Editor');
    await until('it in the editor', async () => (await window.editor.text()) === 'Half a thought');
    await window.notices.clear();
    await window.command('Submit Prompt…');
    await window.input.asked('For several lines');
    assert.equal(await window.input.input().inputValue(), '');
    await window.page.keyboard.press('Escape');
  });

  it('Submit Recent Prompt submits one again, or opens it for changes', async () => {
    const { window } = host;
    await window.command('Submit Recent Prompt…');
    await window.input.asked('Choose a prompt to submit again');
    const choices = await until('the recent prompts', async () => {
      const labels = await window.input.choices();
      return labels.length > 0 && labels;
    });
    // The two of the explorer went at the same time.
    assert.deepEqual(
      [...choices.slice(0, 2), ...choices.slice(2, 4).sort(), ...choices.slice(4)],
      [
        'From the pencil',
        'First line',
        'Make a plan.',
        'Notes',
        'Tidy up.',
        'return sum;',
        'return sum;',
        'Use reduce',
      ],
    );
    await window.input.pick(/^Make a plan/);
    assert.equal(await given(), 'Make a plan.\n');
    await window.command('Submit Recent Prompt…');
    await window.input.pressButton(/^Make a plan/, 'Edit before Submitting');
    await until('the prompt in an editor', async () => (await window.editor.text()).startsWith('Make a plan.'));
    await window.editor.goTo(1);
    await window.editor.type('Now: ', 'Make a plan.');
    await window.editor.titleAction('Submit as Prompt');
    assert.equal(await given(), 'Now: Make a plan.\n');
  });

  it('a finished loop is submitted again, or its prompt edited, from its context menu', async () => {
    const { window } = host;
    await window.tree.rests();
    await window.tree.contextAction('Use reduce', 'Submit Again');
    assert.match(await given(), /^Use reduce\n\nFrom src\/total\.js/);
    await until(
      'two of them',
      async () => (await window.tree.labels()).filter((label) => label === 'Use reduce').length === 2,
    );
    await window.tree.rests();
    await window.tree.contextAction('Use reduce', 'Edit as New Loop…');
    await until('the prompt in an editor', async () => (await window.editor.text()).startsWith('Use reduce'));
  });

  it('the context menu names the agent; demo loops are marked and cost no money', async () => {
    const { window, server } = host;
    server.writeSettings({ ...settings, 'loopSupervisor.defaultAgent': 'sample' });
    await window.tree.show();
    await window.editor.open('plan.txt');
    await window.editor.selectLines(1, 1);
    await window.editor.contextAction('Submit Selection to Sample Agent');
    await window.tree.becomes('Make a plan.', 'demo');
    await window.tree.becomes('Make a plan.', 'completed');
    assert.equal(await window.statusText('budget'), '$0.00 today');
    server.writeSettings({ ...settings, ...themeSetting('dark') });
  });

  describe('Submit with Options', () => {
    const QUESTIONS = [
      'The text for the agent',
      'The agent that runs',
      'The folder',
      'Priority',
      'Estimated cost',
      'Stop the loop',
      'A title',
      'What must pass?',
    ];

    it('asks for everything, step by step, with a way back', async () => {
      const { window } = host;
      await window.tree.show();
      await window.command('Submit with Options…');
      await window.input.answer(QUESTIONS[0]!, 'With options');
      await window.input.asked(QUESTIONS[1]!);
      await window.input.pressTitleButton('Back');
      await window.input.asked(QUESTIONS[0]!);
      assert.equal(await window.input.input().inputValue(), 'With options');
      await window.input.accept(QUESTIONS[0]!);
      await window.input.asked(QUESTIONS[1]!);
      // The list is longer than the screen: what is not on it cannot be picked.
      await window.input.input().fill('sample');
      await window.input.pick('sample');
      await window.input.accept(QUESTIONS[2]!);
      await window.input.answer(QUESTIONS[3]!, 'high');
      await window.input.answer('Enter a whole number', '7');
      await window.input.answer(QUESTIONS[4]!, '0.25');
      await window.input.answer(QUESTIONS[5]!, '2');
      await window.input.answer(QUESTIONS[6]!, 'Its title');
      await window.input.asked(QUESTIONS[7]!);
      await until('No Check', async () => (await window.input.active()).includes('No Check'));
      await window.input.accept(QUESTIONS[7]!);
      await window.tree.row('Its title').waitFor();
    });

    it('begins from the last choices, also after a reload', async () => {
      const { window } = host;
      await window.remembers('"maxCost":"2"');
      await window.reload();
      await window.command('Submit with Options…');
      await window.input.answer(QUESTIONS[0]!, 'Once more');
      await window.input.asked(QUESTIONS[1]!);
      await until('the agent of last time', async () => (await window.input.active()) === 'sample');
      await window.input.accept(QUESTIONS[1]!);
      await window.input.accept(QUESTIONS[2]!);
      for (const [question, last] of [
        [QUESTIONS[3]!, '7'],
        [QUESTIONS[4]!, '0.25'],
        [QUESTIONS[5]!, '2'],
        [QUESTIONS[6]!, ''],
      ] as const) {
        await window.input.asked(question);
        assert.equal(await window.input.input().inputValue(), last, question);
        await window.input.accept(question);
      }
      await window.input.accept(QUESTIONS[7]!);
      await window.tree.row('Once more').waitFor();
    });
  });

  describe('while another program holds the database at the start', () => {
    let holder: DatabaseSync;
    before('hold it', async () => {
      await host.window.page.goto('about:blank');
      await until('no extension host', () => host.server.hosts().length === 0);
      holder = openBeside(join(host.server.globalStorage, 'supervisor.db'));
      holder.exec('BEGIN IMMEDIATE');
      await host.window.page.goto(host.server.url(host.workspace));
      await host.window.ready();
    });
    after('let it go', () => holder.close());

    it('a command says what it waits for, and continues afterwards', async () => {
      const { window } = host;
      await window.notices.says(/^The database .* is held by another program/);
      await window.command('Submit Prompt…');
      const { buttons } = await window.notices.says('The command is waiting and will continue by itself. The database');
      assert.deepEqual(buttons, ['Cancel']);
      await window.screenshot('submit-store-held');
      await window.notices.press('The command is waiting', 'Cancel');
      await window.command('Submit Prompt…');
      await window.notices.says('The command is waiting');
      holder.exec('ROLLBACK');
      await window.input.answer('The text for the agent', 'At last');
      assert.equal(await given(), 'At last');
    });
  });

  for (const theme of Object.keys(THEMES) as ThemeName[]) {
    describe(`in ${THEMES[theme].theme}`, () => {
      it('the questions can be read', async () => {
        const { window } = host;
        await useTheme(host, theme, settings);
        for (const [name, command] of Object.entries({
          prompt: 'Submit Prompt…',
          recent: 'Submit Recent Prompt…',
          options: 'Submit with Options…',
        })) {
          await window.command(command);
          await window.input.asked(command.replace('…', ''));
          if (name === 'options') {
            await window.input.answer('The text for the agent', 'Fix the failing test');
            await window.input.asked('The agent that runs');
          }
          await window.screenshot(`submit-${name}-${theme}`);
          await window.page.keyboard.press('Escape');
        }
      });
    });
  }
});
