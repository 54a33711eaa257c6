import type * as vscode from 'vscode';
import type { Settings } from '../../core/model/settings.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** The dependencies of all parts of the user interface. */
export interface UiDeps {
  readonly host: SupervisorHost;
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** The settings as they are now. */
  settings(): Settings;
}
