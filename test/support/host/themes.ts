import type { Host } from './useWorkbench.ts';
import type { Workbench } from './workbench.ts';

/**
 * A theme of each kind, by the word that its pictures are named with: as the setting says it, and the class of a
 * workbench in it.
 */
export const THEMES = {
  light: { theme: 'Default Light Modern', kind: 'vs' },
  contrast: { theme: 'Default High Contrast', kind: 'hc-black' },
  dark: { theme: 'Default Dark Modern', kind: 'vs-dark' },
} as const;

export type ThemeName = keyof typeof THEMES;

/** The setting for a theme. */
export function themeSetting(name: ThemeName): Record<string, unknown> {
  return { 'workbench.colorTheme': THEMES[name].theme };
}

/** Shows these windows, or else the first, in a theme, with the other settings as given. */
export async function useTheme(
  { server, window }: Host,
  name: ThemeName,
  settings: Record<string, unknown>,
  windows = [window],
): Promise<void> {
  server.writeSettings({ ...settings, ...themeSetting(name) });
  for (const { page } of windows) await page.locator(`.monaco-workbench.${THEMES[name].kind}`).waitFor();
}

/**
 * Saves what is on the screen in each theme, as `name-dark` and so on. `before` brings back what a change of theme
 * takes away, as a hover.
 */
export async function pictures(host: Host, name: string, before?: (window: Workbench) => Promise<void>): Promise<void> {
  const settings = host.server.readSettings();
  for (const word of Object.keys(THEMES) as ThemeName[]) {
    await useTheme(host, word, settings);
    await before?.(host.window);
    await host.window.screenshot(`${name}-${word}`);
  }
}
