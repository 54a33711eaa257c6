import type { CommandTable } from '../commands/commandTable.ts';
import { ALL_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import { type LoopTarget, loopTargetOf } from '../webviewHost/loopTarget.ts';
import { markRead } from '../webviewHost/markRead.ts';
import { panelTarget } from '../webviewHost/panelTarget.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import { WebviewPanels } from '../webviewHost/webviewPanels.ts';

/** The details panels of loops. */
export function detailPanels(deps: ViewDeps): WebviewPanels<LoopTarget> {
  return new WebviewPanels<LoopTarget>(
    {
      viewType: 'loopSupervisor.detail',
      part: 'detail',
      targetOf: loopTargetOf,
      key: ({ seq }) => String(seq),
      title: async ({ loopId, seq }) => {
        const loop = await deps.host.current?.find(loopId, seq);
        return loop && (oneLine(loop.title, 40) || loopId);
      },
      titleUnknown: ({ loopId }) => loopId,
      open: async (target, panel) => (await deps.pages()).detail(deps, target, panel),
      onError: (message, error) => deps.log.error(message, error as Error),
    },
    deps.context.extensionUri,
  );
}

/** The commands of the details panel. */
export function detailCommands(panels: WebviewPanels<LoopTarget>): CommandTable {
  return {
    /** Shows all details of a loop. Returns its id. */
    showDetail:
      (ctx) =>
      async (...args) => {
        const target = await panelTarget(ctx, args, { title: 'Show Details', states: ALL_STATES });
        if (!target) return undefined;
        panels.show(target);
        await markRead(ctx, target);
        return target.loopId;
      },
  };
}
