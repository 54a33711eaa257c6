import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { extension, readyApi } from './extension.ts';

const API = [
  'submit',
  'answer',
  'bringHome',
  'cancel',
  'continueLoop',
  'continueWith',
  'killProcessGroup',
  'status',
  'get',
  'recordCost',
  'resetCircuit',
  'accounts',
  'tryNow',
  'hold',
  'retry',
  'reviewChanges',
  'pause',
  'resume',
  'shutdown',
  'onDidChange',
  'onEvent',
];
/** VS Code makes these for every view. */
const OF_VIEWS = /\.(focus|open|resetViewLocation|removeView|toggleVisibility)$/;

interface Contributes {
  commands: { command: string; title: string; category: string }[];
  menus: Record<string, { command?: string; submenu?: string }[]>;
  keybindings: { command: string }[];
  configuration:
    | { properties: Record<string, { scope?: string; description?: string; markdownDescription?: string }> }
    | { properties: Record<string, { scope?: string }> }[];
}

const contributes = (): Contributes => extension().packageJSON.contributes as Contributes;

describe('the extension in VS Code', () => {
  it('activates by itself and answers the API', async () => {
    const api = await readyApi();
    assert.ok(extension().isActive);
    assert.deepEqual(Object.keys(api).sort(), [...API].sort());
  });

  it('has a command for each that package.json names, and no other', async () => {
    await readyApi();
    const registered = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith('loopSupervisor.') && !OF_VIEWS.test(id),
    );
    const named = contributes().commands.map(({ command }) => command);
    assert.deepEqual(registered.sort(), named.sort());
  });

  it('all commands are of one category and have a title', () => {
    const wrong = contributes().commands.filter(({ title, category }) => !title || category !== 'Loop Supervisor');
    assert.deepEqual(wrong, []);
  });

  it('menus and keybindings name commands that are there', () => {
    const named = new Set(contributes().commands.map(({ command }) => command));
    const used = [...Object.values(contributes().menus).flat(), ...contributes().keybindings].flatMap(
      ({ command }) => command ?? [],
    );
    assert.deepEqual(
      used.filter((command) => !named.has(command) && !OF_VIEWS.test(command)),
      [],
    );
  });

  it('settings that name a program or govern cannot be set by a workspace', () => {
    const configuration = contributes().configuration;
    const properties = Object.assign(
      {},
      ...(Array.isArray(configuration) ? configuration : [configuration]).map((part) => part.properties),
    ) as Record<string, { scope?: string }>;
    const governs =
      /\.(maxConcurrent|maxQueueDepth|restart\.|circuitBreaker\.|budget\.|loopTimeoutMinutes|killGraceSeconds|sweep\.|output\.|agents|defaultAgent)/;
    const open = Object.entries(properties).filter(([name, { scope }]) => governs.test(name) && scope !== 'machine');
    assert.deepEqual(open, []);
    for (const name of ['agents', 'defaultAgent', 'maxConcurrent', 'budget.dailyLimitUsd'])
      assert.ok(properties[`loopSupervisor.${name}`], name);
  });
});
