import { randomBytes, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { createCatalog } from './agents/catalog.ts';
import type { LoopSupervisorApi } from './api.ts';
import { Supervisor } from './core/supervisor.ts';
import { systemClock as clock } from './core/systemClock.ts';
import { createLauncher } from './process/launcher.ts';
import { createProbe } from './process/probe.ts';
import { askProgram, findProgram } from './process/programCheck.ts';
import { createResourceSampler } from './process/resources.ts';
import { runFiles } from './process/runFiles.ts';
import { terminalEnvironment } from './process/shellEnvironment.ts';
import { openStore } from './store/store.ts';
import { Config } from './ui/config.ts';
import { createAgentChecks } from './ui/createAgentChecks.ts';
import { createApi } from './ui/createApi.ts';
import { Pulse } from './ui/pulse.ts';
import { createShell } from './ui/shell.ts';
import { type OpenedSupervisor, SupervisorHost } from './ui/supervisorHost.ts';
import { usageSampler } from './ui/usageSampler.ts';

/** Gives the lease back when the window goes: VS Code waits only for what `deactivate` answers. */
let release: (() => Promise<void>) | undefined;

/** Composes the parts. The store opens right after, off this path; nothing is started before something needs it. */
export function activate(context: vscode.ExtensionContext): LoopSupervisorApi {
  const output = vscode.window.createOutputChannel('Loop Supervisor', { log: true });
  const log = (message: string, error?: unknown) => (error === undefined ? output.info(message) : output.error(message, error));
  const config = new Config(output);
  const storage = context.globalStorageUri.fsPath;
  const runsFolder = join(storage, 'runs');
  const nodePath = process.execPath;
  const bundle = (name: string) => context.asAbsolutePath(join('dist', `${name}.cjs`));
  const environment = terminalEnvironment({ nodePath, log });
  const sample = { command: nodePath, args: [bundle('sampleAgent')], env: { ELECTRON_RUN_AS_NODE: '1' } };
  const readAgents = () => createCatalog({ agents: config.agents, prices: config.prices, sample, platform: process.platform });
  const settings = () => config.settings;
  const folders = () => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  let agents = readAgents();

  const open = (): OpenedSupervisor => {
    const store = openStore({ path: join(storage, 'supervisor.db'), clock, log });
    const windowsFolder = join(storage, 'windows');
    const launcher = createLauncher({ runsFolder, windowsFolder, guardianProgram: bundle('guardian'), nodePath, environment, clock, log });
    const close = () => [launcher.dispose(), store.close()];
    const supervisor = new Supervisor({
      store,
      launcher,
      agents: agents.catalog,
      clock,
      probe: createProbe(),
      folders: { exists: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false },
      settings: settings(),
      window: { id: randomUUID(), folders: folders(), home: homedir() },
      log,
      random: Math.random,
      newId: () => randomBytes(8).toString('hex'),
    });
    return { supervisor, onTrouble: (listener) => store.onTrouble(listener), close };
  };

  const host = new SupervisorHost({ isTrusted: () => vscode.workspace.isTrusted, open, settings, now: clock.now, log });
  release = () => host.close();
  const pulse = new Pulse(host, clock, (error) => log('A view could not be refreshed.', error));
  const deps = {
    ...{ host, pulse, clock, context, settings, log: output },
    profile: (name: string) => agents.catalog.find(name),
    logs: (token: string) => {
      const { stdout: out, stderr: err } = runFiles(runsFolder, token);
      return { out, err };
    },
    usage: usageSampler(() => host.current, createResourceSampler),
  };
  const checks = createAgentChecks({ catalog: () => agents.catalog, environment, findProgram, askProgram });
  const configured = config.onDidChange(() => {
    agents = readAgents();
    host.current?.useAgents(agents.catalog);
    host.configure(settings());
    config.report(agents.problems);
  });
  context.subscriptions.push(
    ...[output, config, host, pulse, createShell(deps, config, checks), configured],
    vscode.workspace.onDidChangeWorkspaceFolders(() => host.current?.useFolders(folders())),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void host.open()),
  );
  setImmediate(() => {
    config.report(agents.problems);
    void host.open().catch(() => undefined);
  });
  return createApi(host);
}

export function deactivate(): Promise<void> | undefined {
  return release?.();
}
