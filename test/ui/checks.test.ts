import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isOpenToAll } from '../support/host/axe.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

/** Passes once the sample agent has finished its file. */
const TEST = `const { existsSync, readFileSync } = require('node:fs');
const text = existsSync('sample-work.md') ? readFileSync('sample-work.md', 'utf8') : 'nothing yet';
console.log(text);
if (!/^finished$/m.test(text)) throw new Error('not finished');
`;

const LIST =
  '# To do\n\n- [ ] Write the first [quick] [cost 0.01]\n- [x] Done already\n- [ ] Write the second [quick] [cost 0.01]\n';

describe('loops that prove their work, in the workbench', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.defaultAgent': 'sample',
      'loopSupervisor.notifications.completion': 'always',
      'loopSupervisor.notifications.waiting': 'always',
      'loopSupervisor.checks': {
        'Work is finished': 'node test.js',
        'Finished in one round': { command: 'node test.js', maxRounds: 1, checkFirst: false },
        'Higher score': {
          command: 'node test.js',
          checkFirst: false,
          score: { pattern: 'score: (\\d+)', better: 'higher' },
        },
      },
    },
    size: { width: 1400, height: 900 },
    files: {
      'package.json': JSON.stringify({ scripts: { test: 'node test.js', lint: 'true', start: 'node test.js' } }),
      'test.js': TEST,
      'todo.md': LIST,
    },
  });

  afterEach('let the next test begin anew', () => rmSync(join(host.workspace, 'sample-work.md'), { force: true }));

  /** Submits a prompt with one of the checks that are offered. */
  async function submitWith(check: string | RegExp, prompt: string): Promise<void> {
    const { window } = host;
    await window.tree.show();
    await window.command('Submit with Check…');
    await window.input.answer('The text for the agent', prompt);
    await window.input.asked('What must pass?');
    await window.input.pick(check);
  }

  it('R11.2 a failed check starts a second round, and tree, notification and details show the proof', async () => {
    const { window } = host;
    await submitWith('npm test', 'Write the file [quick] [finish 2] [cost 0.02]');
    const told = await window.notices.says('completed');
    assert.match(told.message, /“Write the file .*” completed for \$0\.0\d: npm test passed in round 2/);
    await window.tree.rests();
    await window.tree
      .row(/^Write the file/)
      .locator('.monaco-tl-twistie')
      .click();
    const shown = await until('both rounds', async () => {
      const [, , finished] = await window.tree.rows();
      const runs = finished?.[2]?.[0]?.[2] ?? [];
      return runs.length === 5 && runs.map(([label, said]) => [label, said.split(' · ')[0]]);
    });
    assert.deepEqual(shown, [
      ['Check of round 2', 'completed'],
      ['Round 2', 'completed'],
      ['Check of round 1', 'failed: exit code 1'],
      ['Round 1', 'completed'],
      ['Check before the first round', 'failed: exit code 1'],
    ]);
    await window.tree.contextAction(/^Write the file/, 'Show Details');
    const page = await window.panel('Write the file');
    await page.getByRole('heading', { name: 'Proof' }).waitFor();
    const proof = page.getByRole('region', { name: 'Proof' });
    for (const part of [
      'npm test',
      'Before the first ✗ did not pass 1',
      'Round 1 ✗ did not pass 1',
      'Round 2 ✓ passed 0',
    ])
      await until(`${part} in the proof`, async () => (await proof.innerText()).replace(/\s+/g, ' ').includes(part));
    await page.getByRole('heading', { name: 'Check of round 2 · completed' }).waitFor();
    await until('the output of the last check', async () =>
      /^finished$/m.test(await proof.getByLabel('Output of the last check').innerText()),
    );
    await window.screenshot('detail-proof');
    await isOpenToAll(window);
  });

  it('R11.6 the scripts of package.json are offered, and a typed command comes back as a recent one', async () => {
    const { window } = host;
    await submitWith(/Type a Command/, 'Write it [quick] [finish] [cost 0.01]');
    await window.input.answer('A command line that must exit with 0', 'node ./test.js');
    await window.tree.becomes(/^Write it/, 'completed');
    await window.command('Submit with Check…');
    await window.input.answer('The text for the agent', 'Never submitted');
    await window.input.asked('What must pass?');
    const said = await until('the checks', async () => {
      const choices = await window.input.said();
      return 'npm run lint' in choices && choices;
    });
    assert.ok('Work is finished' in said, 'a named check');
    assert.ok('node ./test.js' in said, 'a recent one');
    assert.ok(!('npm run start' in said), 'a script that judges nothing');
    await window.page.keyboard.press('Escape');
    assert.ok(!(await window.tree.labels()).includes('Never submitted'));
  });

  it('R11.3 at a bound it waits: Continue grants as much again, Accept as It Is completes it', async () => {
    const { window } = host;
    await submitWith('Finished in one round', 'Never finish [quick] [finish 9] [cost 0.01]');
    await window.notices.says(/“Never finish.*” needs you: .*all its rounds are used up/);
    await window.notices.clear();
    const steps = () => readFileSync(join(host.workspace, 'sample-work.md'), 'utf8').match(/^- step/gm)?.length;
    assert.equal(steps(), 1);
    await window.tree.becomes(/^Never finish/, 'needs you');
    await window.tree.contextAction(/^Never finish/, 'Continue');
    await window.notices.says(/“Never finish.*” needs you: .*round 2/);
    assert.equal(steps(), 2);
    await window.tree.contextAction(/^Never finish/, 'Accept as It Is');
    await window.tree.becomes(/^Never finish/, 'completed');
    assert.equal(steps(), 2);
  });

  it('R11.8 a check with a score shows its curve, and marks the best round', async () => {
    const { window } = host;
    await submitWith('Higher score', 'Raise the score [quick] [finish 3] [cost 0.01]');
    await window.tree.becomes(/^Raise the score/, 'completed');
    await window.tree.contextAction(/^Raise the score/, 'Show Details');
    const proof = (await window.panel('Raise the score')).getByRole('region', { name: 'Proof' });
    await proof.getByRole('img', { name: 'Score by round, from 10 to 30, best in round 3' }).waitFor();
    const rows = /Round 1 ✗ did not pass 1 \S+ 10 Round 2 ✗ did not pass 1 \S+ 20 Round 3 ✓ passed 0 \S+ 30 · best/;
    await until('the score of each round', async () => rows.test((await proof.innerText()).replace(/\s+/g, ' ')));
    await window.screenshot('detail-score');
  });

  it('R11.6 Submit Each makes a loop of every open item, and ticks its box when it has completed', async () => {
    const { window } = host;
    await window.editor.open('todo.md');
    await window.editor.selectLines(3, 5);
    await window.command('Submit Each Item…');
    await window.notices.pressInDialog(/Submit 2 loops\?/, 'Submit');
    const file = join(host.workspace, 'todo.md');
    await until('the boxes to be ticked', () => readFileSync(file, 'utf8') === LIST.replaceAll('[ ]', '[x]'));
    assert.ok(existsSync(file));
  });
});
