import * as vscode from 'vscode';
import type { Clock } from '../../core/ports/clock.ts';
import { type Config, SECTION } from '../settings/config.ts';
import type { Pulse } from './pulse.ts';
import type { UiDeps } from './uiDeps.ts';

/** How long (ms) a host may take to register before another is started. */
const STARTS_WITHIN_MS = 10_000;
/** That time doubles with each start that came to nothing, so often at most: to about 5 minutes. */
const MOST_DOUBLINGS = 5;
const TOLD = 'background.told';
const TURN_OFF = 'Turn Off';

/** What stands ready behind the user interface for the time without a window. */
export interface HeadlessParts {
  /** Stores this window's settings and trusts its folders. Throws the error of the file system. */
  store(settings: { readonly [name: string]: unknown }, folders: readonly string[]): void;
  /** Starts the headless host. Rejects with the error of the file system. */
  startHost(): Promise<void>;
  /** Since when the headless host was alone (wall time, ms), returned once. Throws the error of the file system. */
  takeAlone(): number | undefined;
  /** Keeps the machine awake, or lets it sleep again (R15.2). */
  keepAwake(isNeeded: boolean): void;
  /** Writes the command `loops` of this store; returns its folder. Throws the error of the file system. */
  writeShim(): string;
  /** Installs that command for the user. Throws an error that says what to do. */
  installShim(): { readonly path: string; readonly isOnPath: boolean };
}

interface BackgroundDeps extends UiDeps {
  readonly pulse: Pulse;
  readonly clock: Pick<Clock, 'now'>;
  headless(): Promise<HeadlessParts>;
}

/**
 * Keeps a headless host on standby while there is work, so that loops go on when the window closes or is killed
 * (R15.1), and stores the settings that it will use.
 */
export class BackgroundHost implements vscode.Disposable {
  readonly #deps: BackgroundDeps;
  readonly #config: Config;
  readonly #names: readonly string[];
  readonly #listeners: vscode.Disposable;
  #startedAt = Number.NEGATIVE_INFINITY;
  /** Starts since a host was last seen: one that cannot open the store ends at once. */
  #tries = 0;
  #isStored = false;

  constructor(deps: BackgroundDeps, config: Config) {
    this.#deps = deps;
    this.#config = config;
    this.#names = settingNames(deps.context.extension.packageJSON);
    const store = () => void this.#store();
    this.#listeners = vscode.Disposable.from(
      deps.host.onDidChangeState(({ kind }) => kind === 'ready' && !this.#isStored && store()),
      config.onDidChange(store),
      vscode.workspace.onDidChangeWorkspaceFolders(store),
      deps.pulse.onBeat(() => void this.#standBy()),
    );
  }

  dispose(): void {
    this.#listeners.dispose();
  }

  async #store(): Promise<void> {
    const settings = this.#config.written(this.#names);
    if (!this.#deps.host.current || !settings) return;
    try {
      const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
      (await this.#deps.headless()).store(settings, folders);
      this.#isStored = true;
    } catch (error) {
      this.#deps.log.error('The settings could not be stored for the headless host.', error as Error);
    }
  }

  async #standBy(): Promise<void> {
    const { host, clock, log } = this.#deps;
    const { current } = host;
    if (!current || !this.#isStored) return;
    if (current.headlessHost) {
      this.#tries = 0;
      return;
    }
    const now = clock.now();
    const pause = STARTS_WITHIN_MS * 2 ** Math.min(this.#tries, MOST_DOUBLINGS);
    if (Math.abs(now - this.#startedAt) < pause || !this.#isWanted) return;
    this.#startedAt = now;
    this.#tries++;
    try {
      await (await this.#deps.headless()).startHost();
      await this.#tellOnce();
    } catch (error) {
      log.error('The headless host could not be started. Loops go on only while a window is open.', error as Error);
    }
  }

  get #isWanted(): boolean {
    const { background, settings } = this.#config;
    if (background === 'off' || settings.onWindowClose === 'stop') return false;
    return background === 'always' || this.#deps.host.current?.goesOn === true;
  }

  /** Says once that loops go on without a window, with a way to say no. */
  async #tellOnce(): Promise<void> {
    const { globalState } = this.#deps.context;
    if (globalState.get(TOLD)) return;
    await globalState.update(TOLD, true);
    const answer = await vscode.window.showInformationMessage(
      'Loops go on when no window is open: a host without a window starts and follows them until nothing is left ' +
        'to do.',
      'OK',
      TURN_OFF,
    );
    if (answer === TURN_OFF) await this.#config.set('background', 'off');
  }
}

/** The names of all settings of the extension, without `loopSupervisor.`. */
function settingNames(manifest: {
  readonly contributes: { readonly configuration: readonly { readonly properties: object }[] };
}): string[] {
  const all = manifest.contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
  return all.map((name) => name.slice(SECTION.length + 1));
}
