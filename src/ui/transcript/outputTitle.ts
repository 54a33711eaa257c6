import { oneLine } from '../text/safeText.ts';

/** The title of the panel that shows the output of a loop: that of the loop, or its id where it has none. */
export function outputTitle(loopId: string, title = ''): string {
  return `Output: ${oneLine(title, 40) || loopId}`;
}
