import * as vscode from 'vscode';
import * as z from 'zod/mini';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { PanelContent, PanelHandle } from '../webviewHost/webviewPanels.ts';
import { DashboardSession } from './dashboardSession.ts';
import type { FromDashboard } from './protocol.ts';

const rangeMs = z.int().check(z.gte(0), z.lte(10 * 365 * 24 * 3_600_000));

const request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), rangeMs }),
  z.object({ type: z.literal('range'), rangeMs }),
  z.object({ type: z.literal('open'), loopId: z.string().check(z.maxLength(128)), seq: z.int() }),
  z.object({
    type: z.literal('command'),
    command: z.enum([
      'resetCircuit',
      'pauseQueue',
      'resumeQueue',
      'setDailyBudget',
      'searchHistory',
      'exportHistory',
      'showFailed',
      'submitPrompt',
    ]),
  }),
]);

/** What fills the dashboard. */
export function dashboardPage(deps: ViewDeps, panel: PanelHandle): PanelContent {
  const session = new DashboardSession({
    source: () => deps.host.current,
    status: () => deps.host.status(),
    clock: deps.clock,
    post: (message) => panel.post(message),
    onError: (error) => deps.log.error('The dashboard could not be updated.', error as Error),
  });
  let shownMs: number | undefined;
  const show = (ms: number) => {
    shownMs = ms;
    session.show(ms);
  };
  const beat = deps.pulse.onBeat((status) => session.changed(status));
  // After a window reload the page exists before the store is open; later it may be another store.
  const opened = deps.host.onDidChangeState((state) => {
    if (state.kind === 'ready' && !state.trouble && shownMs !== undefined) show(shownMs);
  });
  return {
    receive(message) {
      const parsed = request.safeParse(message);
      if (!parsed.success) return;
      const asked: FromDashboard = parsed.data;
      if (asked.type === 'ready' || asked.type === 'range') show(asked.rangeMs);
      else if (asked.type === 'open')
        void vscode.commands.executeCommand('loopSupervisor.showDetail', { loopId: asked.loopId, seq: asked.seq });
      else void vscode.commands.executeCommand(`loopSupervisor.${asked.command}`);
    },
    setVisible(visible) {
      session.setVisible(visible);
      if (!visible) shownMs = undefined;
    },
    dispose() {
      beat.dispose();
      opened.dispose();
      session.dispose();
    },
  };
}
