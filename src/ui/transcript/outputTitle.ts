import { oneLine } from '../text/safeText.ts';

/** The title of an output panel: the title of the loop, or its id. */
export function outputTitle(loopId: string, title = ''): string {
  return `Output: ${oneLine(title, 40) || loopId}`;
}
