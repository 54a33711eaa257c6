import { codeBlock } from '../text/safeText.ts';

/** A part of a document for an agent. */
export interface SelectedText {
  readonly text: string;
  /** Path relative to the workspace folder, or the path shown by the editor. */
  readonly path: string;
  /** 1-based, both included. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** VS Code's name for the language. */
  readonly language: string;
}

/** The selected text as a prompt; `context` adds a paragraph that names file and lines. */
export function plainSelectionPrompt(selections: readonly SelectedText[], context: boolean): string {
  const text = selections.map((selection) => selection.text).join('\n');
  if (!context) return text;
  const places = selections.map(placeOf).join('; ');
  return `${text.replace(/\s+$/, '')}\n\n(The text above is selected in ${places}.)`;
}

/** An instruction followed by each selection as a fenced block under its path and lines. */
export function selectionPrompt(instruction: string, selections: readonly SelectedText[]): string {
  return [instruction.trim(), ...selections.map(block)].join('\n\n');
}

function block(selection: SelectedText): string {
  const { text, language } = selection;
  // The language id goes into the info string of the fence: only safe characters.
  const info = /^[\w+#.-]+$/.test(language) && language !== 'plaintext' ? language : '';
  return `From ${placeOf(selection)}:\n\n${codeBlock(text.replace(/\r?\n$/, ''), { language: info })}`;
}

function placeOf({ path, firstLine, lastLine }: SelectedText): string {
  const lines = firstLine === lastLine ? `line ${firstLine}` : `lines ${firstLine}-${lastLine}`;
  return `${path.replaceAll(/[\r\n]/g, ' ')}, ${lines}`;
}
