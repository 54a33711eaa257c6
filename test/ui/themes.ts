import type { Host } from '../support/host/useWorkbench.ts';

/** A theme of each kind, by the word that its pictures are named with. */
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
export async function useTheme({ server, window }: Host, name: ThemeName, settings: Record<string, unknown>, windows = [window]): Promise<void> {
  server.writeSettings({ ...settings, ...themeSetting(name) });
  for (const { page } of windows) await page.locator(`.monaco-workbench.${THEMES[name].kind}`).waitFor();
}
