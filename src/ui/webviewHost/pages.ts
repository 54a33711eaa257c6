import type { killInput, TOOLS } from '../languageModelTools/toolAnswers.ts';
import type { LoopTarget } from './loopTarget.ts';
import type { ViewDeps } from './viewDeps.ts';
import type { PanelContent, PanelHandle } from './webviewPanels.ts';

/** What nobody has asked for while the window starts: it is loaded with the parts behind the user interface. */
export interface Pages {
  dashboard(deps: ViewDeps, panel: PanelHandle): PanelContent;
  detail(deps: ViewDeps, target: LoopTarget, panel: PanelHandle): PanelContent;
  transcript(deps: ViewDeps, target: LoopTarget, panel: PanelHandle): PanelContent;
  /** The tools for language models, by their names in package.json. */
  readonly tools: typeof TOOLS;
  readonly killInput: typeof killInput;
}
