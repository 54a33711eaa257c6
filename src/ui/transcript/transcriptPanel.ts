import { type LoopTarget, loopTargetOf } from '../panel/loopTarget.ts';
import type { ViewDeps } from '../panel/viewDeps.ts';
import { WebviewPanels } from '../panel/webviewPanels.ts';
import { oneLine } from '../safeText.ts';

/** The panels that show the output of loops: what *Show Output* opens. */
export function transcriptPanels(deps: ViewDeps): WebviewPanels<LoopTarget> {
  return new WebviewPanels<LoopTarget>(
    {
      viewType: 'loopSupervisor.transcript',
      part: 'transcript',
      targetOf: loopTargetOf,
      key: ({ seq }) => String(seq),
      title: (target) => titleOf(deps, target),
      open: async (target, panel) => (await deps.pages()).transcript(deps, target, panel),
      onError: (error) => deps.log.error('A panel could not be filled.', error as Error),
    },
    deps.context.extensionUri,
  );
}

/** The title of a loop's output. */
export function titleOf(deps: ViewDeps, { loopId, seq }: LoopTarget): string {
  const title = deps.host.current?.get(loopId, seq)?.loop.title;
  return `Output: ${oneLine(title ?? '', 40) || loopId}`;
}
