import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { Doubts, Settings } from '../../core/model/settings.ts';
import { LastGood, type WrittenValues } from './lastGood.ts';
import { settingsNeedAttention } from './problemWords.ts';
import { lookAtSettingsFiles } from './settingsFiles.ts';
import { type FilesState, mapSettings } from './settingsMapping.ts';

/** The common prefix of all settings, commands and views. */
export const SECTION = 'loopSupervisor';

const OURS = '@ext:loopsupervisor.loop-supervisor';

/** When notices of a kind are shown. */
export type NoticeWhen = 'off' | 'unfocused' | 'always';

/** Whether a host without a window goes on with loops (R15.1): never, until nothing can go on, or for good. */
export type Background = 'off' | 'untilIdle' | 'always';

/** Settings that a half-typed file must not change, beside the bounds. */
const SETTLED = ['agents', 'prices', 'store', 'storeFolder', 'checks', 'background', 'notifications.command'] as const;

/** The only place that reads settings; all other code receives values. */
export class Config implements Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #changed: Emitter<void>;
  readonly #listener: vscode.Disposable;
  readonly #storage: vscode.Uri;
  /** Unset bounds keep their stored values until the settings files were checked (R6.9). */
  #read = read('broken');
  #files: FilesState = 'broken';
  readonly #lastGood = new LastGood();
  #looking: Promise<void>;
  readonly #problemsChanged: Emitter<void>;
  #ofAgents: readonly string[] = [];
  #told = '';

  /** `storage`: the extension's global storage, near which the settings files lie. */
  constructor(log: vscode.LogOutputChannel, storage: vscode.Uri) {
    this.#log = log;
    this.#storage = storage;
    this.#looking = this.#look();
    const onError = (error: unknown) => log.error(error instanceof Error ? error : String(error));
    this.#changed = new Emitter(onError);
    this.#problemsChanged = new Emitter(onError);
    this.#listener = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SECTION)) this.#renew();
    });
  }

  /** Resolves once the settings files were checked, so that an unset value is known to be unset. */
  get looked(): Promise<void> {
    return this.#looking;
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** The supervisor's settings, with defaults for values in doubt. */
  get settings(): Settings {
    return this.#read.settings;
  }

  /** Settings that could not be read or are not set (R6.9). */
  get doubts(): Doubts {
    return this.#read.doubts;
  }

  /** `loopSupervisor.agents` as written; the catalog checks it. */
  get agents(): unknown {
    return this.#settled('agents');
  }

  /** `loopSupervisor.prices` as written; the catalog checks it. */
  get prices(): unknown {
    return this.#settled('prices');
  }

  /** The address of the database with the supervisor's state; empty for a local file. */
  get sharedStore(): string {
    const address = this.#settled('store');
    return typeof address === 'string' ? address.trim() : '';
  }

  /** The folder for this machine's own store; empty for the extension's storage. */
  get storeFolder(): string {
    const folder = this.#settled('storeFolder');
    return typeof folder === 'string' ? folder.trim() : '';
  }

  /** Whether the user has chosen a default agent. */
  get hasDefaultAgent(): boolean {
    const value = section().inspect('defaultAgent');
    return value?.globalValue !== undefined || value?.workspaceValue !== undefined;
  }

  /** Whether a submitted selection names its file and lines. */
  get selectionContext(): boolean {
    return section().get('submit.selectionContext') !== false;
  }

  /** `loopSupervisor.checks` as written: commands that must pass, by name (R11.6). */
  get checks(): unknown {
    return this.#settled('checks');
  }

  /** The name or command of the check that is offered first. */
  get defaultCheck(): string {
    return String(section().get('defaultCheck') ?? '');
  }

  /** The program to run for each notice, with its arguments; empty for none. */
  get notifyCommand(): readonly string[] {
    const value = this.#settled('notifications.command');
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : [];
  }

  /** Whether loops go on when no window is open (R15.1). */
  get background(): Background {
    const value = this.#settled('background') ?? 'untilIdle';
    // What cannot be read starts nothing without a window.
    return value === 'untilIdle' || value === 'always' ? value : 'off';
  }

  /** Whether the machine is kept awake while loops run (R15.2). */
  get keepAwake(): boolean {
    return section().get('keepAwake') !== false;
  }

  /**
   * Those of these settings that are set, as written, by their names without `loopSupervisor.`; undefined while a
   * settings file does not parse.
   */
  written(names: readonly string[]): { readonly [name: string]: unknown } | undefined {
    if (this.#files === 'broken') return undefined;
    const value = valuesThatAreSet();
    return Object.fromEntries(names.map((name) => [name, value(name)]).filter(([, written]) => written !== undefined));
  }

  noticeWhen(kind: string): NoticeWhen {
    const value = section().get<NoticeWhen>(`notifications.${kind}`);
    return value === 'off' || value === 'unfocused' ? value : 'always';
  }

  /** Writes one option of a profile in `loopSupervisor.agents` and keeps the rest. */
  async setAgentOption(agent: string, option: string, value: string): Promise<void> {
    const { agents } = this;
    const all = isRecord(agents) ? agents : {};
    const profile = all[agent];
    await this.set('agents', { ...all, [agent]: { ...(isRecord(profile) ? profile : {}), [option]: value } });
  }

  /** Writes a setting to the user or, by its scope, the machine settings. It holds for what the caller does next. */
  async set(key: string, value: unknown): Promise<void> {
    await section().update(key, value, vscode.ConfigurationTarget.Global);
    // The change event may come later.
    this.#renew();
    await this.#looking;
  }

  /**
   * Uses the values that an earlier window stored if the settings files have not parsed since this window began. Call
   * it once the files were checked.
   */
  recall(read: () => WrittenValues | undefined): void {
    const stored = this.#files === 'broken' ? read() : undefined;
    if (!stored) return;
    this.#lastGood.recall(SETTLED, stored);
    this.#changed.fire();
  }

  /** Current problems of the settings: sentences that begin with the name of the setting. */
  get problems(): readonly string[] {
    return [...this.#read.problems.map(({ key, message }) => `${SECTION}.${key}: ${message}`), ...this.#ofAgents];
  }

  /** The problems have changed. */
  get onDidChangeProblems(): Event<void> {
    return this.#problemsChanged.event;
  }

  /** Adds the problems that the catalog found in agents and prices, and publishes the whole list if it changed. */
  report(ofAgents: readonly string[]): void {
    this.#ofAgents = ofAgents;
    const { problems } = this;
    const text = problems.join('\n');
    if (text === this.#told) return;
    this.#told = text;
    this.#problemsChanged.fire();
    const [first, ...others] = problems;
    if (first === undefined) return;
    for (const problem of problems) this.#log.warn(problem);
    const message = settingsNeedAttention([first, ...others]);
    void vscode.window.showWarningMessage(message, 'Open Settings', 'Check Agents').then((answer) => {
      if (answer === 'Open Settings') void openSettings(/^loopSupervisor\.([\w.]*\w)/.exec(first)?.[1]);
      if (answer === 'Check Agents') void vscode.commands.executeCommand('loopSupervisor.checkAgents');
    });
  }

  #renew(): void {
    this.#read = read('broken');
    this.#files = 'broken';
    this.#changed.fire();
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    const files = await lookAtSettingsFiles(this.#storage);
    this.#read = read(files);
    this.#files = files;
    if (files !== 'broken') this.#lastGood.note(SETTLED, (name) => section().get(name));
    if (files === 'broken')
      this.#log.warn('A settings file does not parse: bounds that it does not name stay as they were.');
    this.#changed.fire();
  }

  #settled(name: (typeof SETTLED)[number]): unknown {
    return this.#lastGood.valueOf(name, section().get(name), this.#files);
  }

  dispose(): void {
    this.#listener.dispose();
    this.#changed.dispose();
    this.#problemsChanged.dispose();
  }
}

/** Opens the settings editor at one setting, or at all of ours. */
export function openSettings(key?: string): Thenable<unknown> {
  // Most settings, and the most important ones, have machine scope.
  return key === undefined ? showSettings(OURS, true) : showSettings(`@id:${SECTION}.${key}`, !isOfUser(key));
}

/** Settings shared by all machines of a user. */
function isOfUser(key: string): boolean {
  return key.startsWith('notifications.') && key !== 'notifications.command';
}

/** Opens our machine settings that match this text. */
export function openMachineSettings(words: string): Thenable<unknown> {
  return showSettings(`${OURS} ${words}`, true);
}

/** A remote window keeps machine settings and user settings apart. */
function showSettings(query: string, ofMachine: boolean): Thenable<unknown> {
  return ofMachine && vscode.env.remoteName !== undefined
    ? vscode.commands.executeCommand('workbench.action.openRemoteSettings', { query })
    : vscode.commands.executeCommand('workbench.action.openSettings', query);
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function section(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration(SECTION);
}

function read(files: FilesState) {
  return mapSettings(valuesThatAreSet(), files);
}

/** Values by the names of settings; undefined for one that is not set, where VS Code returns the declared default. */
function valuesThatAreSet(): (name: string) => unknown {
  const values = section();
  // All settings at once: VS Code takes longer for fifty of them than for the rest of the activation.
  const { globalValue, defaultValue } = vscode.workspace.getConfiguration().inspect(SECTION) ?? {};
  return (name) => {
    const value = values.get(name);
    const isSet = under(globalValue, name) !== undefined || !isDeepStrictEqual(value, under(defaultValue, name));
    return isSet ? value : undefined;
  };
}

/** The value at a dotted name in an object. */
function under(values: unknown, name: string): unknown {
  return name.split('.').reduce((found, part) => (isRecord(found) ? found[part] : undefined), values);
}
