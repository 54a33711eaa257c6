/** The theme's colours for the canvases; read again when the theme changes. */
export interface Palette {
  readonly text: string;
  readonly dim: string;
  readonly line: string;
  readonly ground: string;
  readonly focus: string;
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly neutral: string;
  readonly running: string;
  /** For series: agents. */
  readonly series: readonly string[];
  readonly font: string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const get = (...names: string[]) =>
    names.map((name) => style.getPropertyValue(name).trim()).find((value) => value !== '') ?? '#888888';
  const chart = (name: string) => get(`--vscode-charts-${name}`);
  return {
    text: get('--vscode-foreground'),
    dim: get('--vscode-descriptionForeground'),
    line: get('--vscode-charts-lines', '--vscode-descriptionForeground'),
    ground: get('--vscode-editor-background'),
    focus: get('--vscode-focusBorder'),
    good: chart('green'),
    bad: chart('red'),
    warn: chart('yellow'),
    neutral: get('--vscode-descriptionForeground'),
    running: chart('blue'),
    series: ['blue', 'purple', 'green', 'orange', 'yellow', 'red'].map(chart),
    font: `11px ${style.fontFamily || 'sans-serif'}`,
  };
}

/** Calls `listener` when the theme has changed. */
export function onThemeChange(changed: () => void): void {
  // VS Code sets a class on the body and the variables on the root.
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
