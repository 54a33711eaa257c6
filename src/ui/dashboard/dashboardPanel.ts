import type { CommandTable } from '../commands/commandTable.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import { WebviewPanels } from '../webviewHost/webviewPanels.ts';

/** There is only one dashboard. */
export type Dashboard = 'dashboard';

/** The panel with counters, timeline and charts that *Show Dashboard* opens. */
export function dashboardPanels(deps: ViewDeps): WebviewPanels<Dashboard> {
  return new WebviewPanels<Dashboard>(
    {
      viewType: 'loopSupervisor.dashboard',
      part: 'dashboard',
      targetOf: () => 'dashboard',
      key: (target) => target,
      title: async () => 'Loop Supervisor',
      titleUnknown: () => 'Loop Supervisor',
      open: async (_, panel) => (await deps.pages()).dashboard(deps, panel),
      onError: (message, error) => deps.log.error(message, error as Error),
    },
    deps.context.extensionUri,
  );
}

/** The command of the dashboard. */
export function dashboardCommands(panels: WebviewPanels<Dashboard>): CommandTable {
  return {
    showDashboard: () => () => panels.show('dashboard'),
  };
}
