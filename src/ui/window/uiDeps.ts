import type * as vscode from 'vscode';
import type { Settings } from '../../core/model/settings.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** What every part of the user interface is built from. */
export interface UiDeps {
  readonly host: SupervisorHost;
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** The settings as they are now. */
  settings(): Settings;
}
