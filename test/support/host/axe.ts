import axe from 'axe-core';
import type { Frame } from 'playwright-core';
import { until } from '../until.ts';
import type { Workbench } from './workbench.ts';

/** What axe finds that keeps people out, in the webview in front. */
export async function serious(window: Workbench): Promise<unknown[]> {
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
    const inner = await window.page.locator('iframe.webview.ready').locator('visible=true').first().elementHandle();
    const outer = await inner?.contentFrame();
    const active = await outer?.$('iframe#active-frame');
    return (await active?.contentFrame()) ?? undefined;
  });
}
