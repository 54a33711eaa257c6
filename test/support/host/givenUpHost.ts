import type { Page } from 'playwright-core';

const GAVE_UP = 'Error received from starting extension host (kind: Remote)';

/**
 * VS Code gives up an extension host that does not come up within a minute, as on a machine that is very busy, and
 * starts no other: the window is loaded anew then.
 */
export function reloadIfGivenUp(page: Page): void {
  page.on('console', (message) => {
    // A window that is just being closed needs no host any more.
    if (message.text().includes(GAVE_UP)) page.reload().catch(() => undefined);
  });
}
