import type { CommandTable } from '../commands/commandTable.ts';
import type { ViewDeps } from '../panel/viewDeps.ts';
import { WebviewPanels } from '../panel/webviewPanels.ts';

/** There is one dashboard. */
export type Dashboard = 'dashboard';

export function dashboardPanels(deps: ViewDeps): WebviewPanels<Dashboard> {
  return new WebviewPanels<Dashboard>(
    {
      viewType: 'loopSupervisor.dashboard',
      part: 'dashboard',
      targetOf: () => 'dashboard',
      key: (target) => target,
      title: () => 'Loop Supervisor',
      open: async (_, panel) => (await deps.pages()).dashboard(deps, panel),
      onError: (error) => deps.log.error('A panel could not be filled.', error as Error),
    },
    deps.context.extensionUri,
  );
}

export function dashboardCommands(panels: WebviewPanels<Dashboard>): CommandTable {
  return {
    showDashboard: () => () => panels.show('dashboard'),
  };
}
