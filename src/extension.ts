import { join } from 'node:path';
import * as vscode from 'vscode';
import type { LoopSupervisorApi } from './api.ts';
import { systemClock as clock } from './core/runtime/systemClock.ts';
import type { windowSide } from './headless/windowSide.ts';
import type { Parts } from './parts.ts';
import { linkTargets } from './process/follow/linkTargets.ts';
import { runFiles } from './process/runFolder/runFiles.ts';
import { passwordKey } from './ui/commands/sharedStore.ts';
import { Config } from './ui/settings/config.ts';
import { createApi } from './ui/window/createApi.ts';
import { Pulse } from './ui/window/pulse.ts';
import { createShell } from './ui/window/shell.ts';
import { SupervisorHost } from './ui/window/supervisorHost.ts';

/** Gives the lease back when the window goes: VS Code waits only for what `deactivate` answers. */
let release: (() => Promise<void>) | undefined;

/**
 * Composes the user interface. What works behind it is loaded right after, off this path; nothing is started before
 * something needs it.
 */
export function activate(context: vscode.ExtensionContext): LoopSupervisorApi {
  const output = vscode.window.createOutputChannel('Loop Supervisor', { log: true });
  const log = (message: string, error?: unknown) =>
    error === undefined ? output.info(message) : output.error(message, error);
  const config = new Config(output, context.globalStorageUri);
  const storage = context.globalStorageUri.fsPath;
  const settings = () => config.settings;
  const folders = () => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);

  let parts: Parts | undefined;
  let side: ReturnType<typeof windowSide> | undefined;
  const headless = async () => {
    const { windowSide } = await import('./headless/windowSide.ts');
    const bundle = (name: string) => context.asAbsolutePath(join('dist', `${name}.cjs`));
    side ??= windowSide({ storage, bundle, log, version: String(context.extension.packageJSON.version) });
    return side;
  };
  const load = async (): Promise<Parts> => {
    const { createParts } = await import('./parts.ts');
    const { createCatalog } = await import('./agents/catalog.ts');
    const { trusts } = await headless();
    parts ??= createParts({
      ...{ createCatalog, trusts },
      ...{ storage, settings, folders, log },
      doubts: () => config.doubts,
      bundle: (name) => context.asAbsolutePath(join('dist', `${name}.cjs`)),
      agentSettings: () => ({ agents: config.agents, prices: config.prices }),
      sharedStore: () => config.sharedStore,
      storeFolder: () => config.storeFolder,
      say: (message) => void vscode.window.showInformationMessage(message),
      storePassword: async (address) => context.secrets.get(passwordKey(address)),
      current: () => host.current,
      tell: (change) => host.tell(change),
    });
    return parts;
  };

  const open = async () => {
    const [loaded, { lastSettings }] = await Promise.all([load(), headless(), config.looked]);
    config.recall(lastSettings);
    return loaded.open();
  };
  const host = new SupervisorHost({ isTrusted: () => vscode.workspace.isTrusted, open, settings, clock, log });
  release = () => host.close();
  const pulse = new Pulse(host, clock, (error) => log('A view could not be refreshed.', error));
  const deps = {
    ...{ host, pulse, clock, context, settings, log: output, linkTargets },
    profile: (name: string) => parts?.profile(name),
    logs: (token: string) => {
      const { stdout: out, stderr: err } = runFiles(parts?.runsFolder() ?? join(storage, 'runs'), token);
      return { out, err };
    },
    usage: async (attempts: readonly { readonly token: string }[]) => (await load()).usage(attempts),
    notify: async (command: readonly string[], event: object) => (await load()).notify(command, event),
    headless,
    pages: async () => (await import('./ui/webviewHost/allPages.ts')).pages,
    sharedStore: async () => (await load()).sharedStore,
  };
  const checks = {
    all: async () => (await load()).checks.all(),
    find: async () => (await load()).checks.find(),
    check: async (names?: readonly string[]) => (await load()).checks.check(names),
    containment: async () => (await load()).checks.containment(),
  };
  const reportAgents = async () => {
    try {
      config.report((await load()).readAgents());
    } catch (error) {
      log('The settings of agents could not be read.', error);
    }
  };
  const configured = config.onDidChange(() => {
    host.tell((supervisor) => supervisor.configure(settings(), config.doubts));
    void reportAgents();
  });
  context.subscriptions.push(
    ...[output, config, host, pulse, createShell(deps, config, checks), configured],
    vscode.workspace.onDidChangeWorkspaceFolders(() => host.tell((supervisor) => supervisor.useFolders(folders()))),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void host.open()),
  );
  setImmediate(() => {
    void reportAgents();
    void host.open().catch(() => undefined);
  });
  return createApi(host);
}

export function deactivate(): Promise<void> | undefined {
  return release?.();
}
