import { type LoopTarget, loopTargetOf } from '../webviewHost/loopTarget.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import { WebviewPanels } from '../webviewHost/webviewPanels.ts';
import { outputTitle } from './outputTitle.ts';

/** The output panels that *Show Output* opens. */
export function transcriptPanels(deps: ViewDeps): WebviewPanels<LoopTarget> {
  return new WebviewPanels<LoopTarget>(
    {
      viewType: 'loopSupervisor.transcript',
      part: 'transcript',
      targetOf: loopTargetOf,
      key: ({ seq }) => String(seq),
      title: async ({ loopId, seq }) => {
        const loop = await deps.host.current?.find(loopId, seq);
        return loop && outputTitle(loopId, loop.title);
      },
      titleUnknown: ({ loopId }) => outputTitle(loopId),
      open: async (target, panel) => (await deps.pages()).transcript(deps, target, panel),
      onError: (message, error) => deps.log.error(message, error as Error),
    },
    deps.context.extensionUri,
  );
}
