import * as vscode from 'vscode';
import type { AgentChecks } from '../agentCheck/agentChecks.ts';
import type { Config } from '../settings/config.ts';
import { SECTION } from '../settings/config.ts';
import type { TreeRow } from '../tree/treeRow.ts';
import type { SupervisorHost } from '../window/supervisorHost.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { showError } from './showError.ts';

/** What commands are made of. */
export interface CommandContext extends UiDeps {
  readonly config: Config;
  readonly agentChecks: AgentChecks;
  readonly tree: {
    selection(): readonly TreeRow[];
    showMore(row: TreeRow): void;
    /** Shows a loop in the view: the first of that id, or with `seq` that very one. */
    reveal(loopId: string, seq?: number): Promise<void>;
  };
}

/** What runs when a command is called; what it answers goes to the caller. */
export type Handler = (...args: unknown[]) => unknown;

/** Commands by their id without `loopSupervisor.`. A test holds the sum of all tables equal to package.json. */
export type CommandTable = { readonly [id: string]: (ctx: CommandContext) => Handler };

/**
 * Registers a table. An error of a handler is shown with what helps, and the command then answers `undefined`. `whenReady`: before
 * there is a supervisor, the commands of the table do nothing but say why (R1.2).
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

/** Waits until there is a supervisor. While the store is in trouble the user is told what is waited for, and may go away: that answers false. */
async function opened(host: SupervisorHost): Promise<boolean> {
  const ready = host.ready().then(() => true);
  if (host.state.kind !== 'opening' || !host.state.trouble) return ready;
  const title = `The command waits, and goes on by itself. ${host.state.trouble.message}`;
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_, gone) =>
      Promise.race([ready, new Promise<boolean>((resolve) => gone.onCancellationRequested(() => resolve(false)))]),
  );
}
