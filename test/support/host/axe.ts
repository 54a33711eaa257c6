import axe from 'axe-core';
import type { Frame } from 'playwright-core';
import { until } from '../until.ts';
import type { Workbench } from './workbench.ts';

/**
 * Waits until axe finds nothing that keeps people out, in the webview in front: its colours come a moment after the
 * theme's.
 */
export async function isOpenToAll(window: Workbench, what = 'the page'): Promise<void> {
  await until(`${what} to keep nobody out`, async () => {
    const found = await serious(window);
    if (found.length > 0) throw new Error(JSON.stringify(found));
    return true;
  });
}

/** What axe finds that keeps people out, in the webview in front. */
async function serious(window: Workbench): Promise<unknown[]> {
  const frame = await frameOf(window);
  await frame.evaluate(axe.source);
  const { violations } = (await frame.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`)]);
}

/** The document of the webview in front. */
export async function frameOf(window: Workbench): Promise<Frame> {
  return until('the webview', async () => {
    const inner = await window.page.locator('iframe.webview.ready').locator('visible=true').last().elementHandle();
    const outer = await inner?.contentFrame();
    const active = await outer?.$('iframe#active-frame');
    return (await active?.contentFrame()) ?? undefined;
  });
}
