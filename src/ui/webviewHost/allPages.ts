import { dashboardPage } from '../dashboard/dashboardPage.ts';
import { detailPage } from '../detail/detailPage.ts';
import { killInput, TOOLS } from '../languageModelTools/toolAnswers.ts';
import { transcriptPage } from '../transcript/transcriptPage.ts';
import type { Pages } from './pages.ts';

/** What fills the panels and answers language models: a bundle of its own, loaded when the first of them is asked for. */
export const pages: Pages = {
  dashboard: dashboardPage,
  detail: detailPage,
  transcript: transcriptPage,
  tools: TOOLS,
  killInput,
};
