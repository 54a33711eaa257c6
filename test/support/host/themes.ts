import type { Host } from './useWorkbench.ts';
import type { Workbench } from './workbench.ts';

/** Themes by the names that pictures have: as the setting says it, and the class of a workbench in it. */
export const THEMES = {
  dark: ['Default Dark Modern', 'vs-dark'],
  light: ['Default Light Modern', 'vs'],
  contrast: ['Default High Contrast', 'hc-black'],
} as const;

/** Saves what is on the screen in each theme, as `name-dark` and so on. `before` brings back what a change of theme takes away, as a hover. */
export async function pictures(host: Host, name: string, before?: (window: Workbench) => Promise<void>): Promise<void> {
  const { server, window } = host;
  const settings = server.readSettings();
  for (const [word, [theme, kind]] of Object.entries(THEMES)) {
    server.writeSettings({ ...settings, 'workbench.colorTheme': theme });
    await window.page.locator(`.monaco-workbench.${kind}`).waitFor();
    await before?.(window);
    await window.screenshot(`${name}-${word}`);
  }
}
