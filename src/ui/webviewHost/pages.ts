import type { killInput, TOOLS } from '../languageModelTools/toolAnswers.ts';
import type { LoopTarget } from './loopTarget.ts';
import type { ViewDeps } from './viewDeps.ts';
import type { PanelContent, PanelHandle } from './webviewPanels.ts';

/** Not needed during startup: loaded on first use, as a bundle of its own. */
export interface Pages {
  dashboard(deps: ViewDeps, panel: PanelHandle): PanelContent;
  detail(deps: ViewDeps, target: LoopTarget, panel: PanelHandle): PanelContent;
  transcript(deps: ViewDeps, target: LoopTarget, panel: PanelHandle): PanelContent;
  /** The tools for chat models, by their names in package.json. */
  readonly tools: typeof TOOLS;
  readonly killInput: typeof killInput;
}
