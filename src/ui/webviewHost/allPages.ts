import { dashboardPage } from '../dashboard/dashboardPage.ts';
import { detailPage } from '../detail/detailPage.ts';
import { killInput, TOOLS } from '../languageModelTools/toolAnswers.ts';
import { transcriptPage } from '../transcript/transcriptPage.ts';
import type { Pages } from './pages.ts';

/** The contents of panels and language model tools: a bundle of its own, loaded on first use. */
export const pages: Pages = {
  dashboard: dashboardPage,
  detail: detailPage,
  transcript: transcriptPage,
  tools: TOOLS,
  killInput,
};
