import * as vscode from 'vscode';
import type { AgentChecks } from '../agentCheck/agentChecks.ts';
import type { ReadMarks } from '../history/readMarks.ts';
import type { Config } from '../settings/config.ts';
import { SECTION } from '../settings/config.ts';
import type { TreeRow } from '../tree/treeRow.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { Milestones } from '../window/milestones.ts';
import type { SupervisorHost } from '../window/supervisorHost.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import type { QueuedPrompts } from './queuedPrompts.ts';
import { showError } from './showError.ts';

/** What commands use. */
export interface CommandContext extends UiDeps, Pick<ViewDeps, 'usage' | 'sharedStore' | 'headless' | 'linkTargets'> {
  readonly config: Config;
  readonly agentChecks: AgentChecks;
  readonly queuedPrompts: Pick<QueuedPrompts, 'open'>;
  readonly readMarks: Pick<ReadMarks, 'markRead'>;
  readonly milestones: Pick<Milestones, 'reach'>;
  readonly tree: {
    /** The rows that a key pressed in the view applies to. */
    underKeyboard(): Promise<readonly TreeRow[]>;
    /** The row that a click or Enter has just opened. */
    openedRow(): Promise<TreeRow | undefined>;
    showMore(row: TreeRow): void;
    /** Selects a loop in the view: the first of that id, or with `seq` that one. */
    reveal(loopId: string, seq?: number): Promise<void>;
  };
}

/** Runs a command and returns its result. */
export type Handler = (...args: unknown[]) => unknown;

/** Commands by id without `loopSupervisor.`. A test holds all tables together equal to package.json. */
export type CommandTable = { readonly [id: string]: (ctx: CommandContext) => Handler };

/**
 * Registers a table. An error is shown with the buttons that help, and the command then returns `undefined`.
 * `whenReady`: without a supervisor, the commands only report why there is none (R1.2).
 */
export function registerCommands(ctx: CommandContext, table: CommandTable, whenReady = true): vscode.Disposable {
  const registrations = Object.entries(table).map(([id, make]) => {
    const handler = make(ctx);
    return vscode.commands.registerCommand(`${SECTION}.${id}`, async (...args: unknown[]) => {
      try {
        if (whenReady && !(await opened(ctx.host))) return undefined;
        return await handler(...args);
      } catch (error) {
        showError(ctx, error);
        return undefined;
      }
    });
  });
  return vscode.Disposable.from(...registrations);
}

/**
 * Waits for the supervisor. While the store is in trouble a notice says what it waits for; cancelling that returns
 * false.
 */
async function opened(host: SupervisorHost): Promise<boolean> {
  const ready = host.ready().then(() => true);
  if (host.state.kind !== 'opening' || !host.state.trouble) return ready;
  const title = `The command is waiting and will continue by itself. ${host.state.trouble.message}`;
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_, gone) =>
      Promise.race([ready, new Promise<boolean>((resolve) => gone.onCancellationRequested(() => resolve(false)))]),
  );
}
