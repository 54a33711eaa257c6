import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { until } from '../support/until.ts';
import { readyApi } from './extension.ts';

/** The server that our provider offers, as VS Code names it. */
const SERVER = 'loopsupervisor.loop-supervisor/Loop Supervisor';

/** An older server comes without what terminals need, for want of a compiler. */
const PTY = join(vscode.env.appRoot, 'node_modules', 'node-pty');
const HAS_TERMINALS = !existsSync(PTY) || ['prebuilds', 'build'].some((name) => existsSync(join(PTY, name)));

describe('the command line in VS Code', () => {
  let home: string;
  const { HOME, PATH } = process.env;

  before('be ready, with a home of its own', async () => {
    await readyApi();
    home = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-home-')));
  });
  after('put the home back', () => {
    Object.assign(process.env, { HOME, PATH });
    rmSync(home, { recursive: true, force: true });
  });

  /** What a call of `loops` says is live. */
  async function live(loops: string): Promise<string[]> {
    const { stdout } = await promisify(execFile)(loops, ['list', '--ids']);
    return stdout.split('\n');
  }

  it("R15.3 R15.5 Install 'loops' Command puts it into a folder of the user's PATH, for the loops of this window", async () => {
    const api = await readyApi();
    await api.pause();
    await api.submit({ prompt: 'Wait', agent: 'sample', loopId: 'vs-installed' });
    try {
      mkdirSync(join(home, 'bin'));
      Object.assign(process.env, { HOME: home, PATH: `${join(home, 'bin')}:${PATH}` });
      const loops = await vscode.commands.executeCommand<string>('loopSupervisor.installLoopsCommand');
      assert.equal(loops, join(home, 'bin', 'loops'));
      const shim = realpathSync(loops);
      assert.deepEqual([statSync(shim).mode & 0o777, statSync(dirname(shim)).mode & 0o777], [0o700, 0o700]);
      assert.ok((await live(loops)).includes('vs-installed'));
    } finally {
      await api.cancel('vs-installed');
      await api.resume();
    }
  });

  it('R15.3 integrated terminals have it on their PATH, and no file of the user is touched', async function () {
    if (!HAS_TERMINALS) return this.skip();
    const found = join(home, 'found');
    const exits: vscode.TerminalExitStatus[] = [];
    const closed = vscode.window.onDidCloseTerminal(({ exitStatus }) => exitStatus && exits.push(exitStatus));
    try {
      const loops = await until('a terminal that knows loops', async () => {
        vscode.window.createTerminal({
          shellPath: '/bin/sh',
          shellArgs: ['-c', `command -v loops > '${found}'; exit 0`],
        });
        await until('the terminal to end', () => exits.pop());
        return existsSync(found) && readFileSync(found, 'utf8').trim();
      });
      assert.equal(await live(loops).then(() => statSync(loops).mode & 0o777), 0o700);
    } finally {
      closed.dispose();
    }
  });

  it('R15.4 VS Code is offered loops mcp as a server: it starts it, knows its tools, and calls them', async () => {
    const tool = await until('the tools of the server', async () => {
      await vscode.commands.executeCommand('workbench.mcp.startServer', SERVER, { waitForLiveTools: true });
      return vscode.lm.tools.find(({ name }) => /^mcp_.*remaining_budget$/.test(name));
    });
    const { content } = await vscode.lm.invokeTool(tool.name, { input: {}, toolInvocationToken: undefined });
    const said = content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
    assert.match(said, /spentUsd/);
  });
});
