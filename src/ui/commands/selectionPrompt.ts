import { codeBlock } from '../text/safeText.ts';

/** A piece of a document that goes to an agent. */
export interface SelectedText {
  readonly text: string;
  /** Path relative to the workspace folder, or as the editor shows it. */
  readonly path: string;
  /** 1-based, both included. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** VS Code's name for the language. */
  readonly language: string;
}

/** A prompt that is the selected text itself; with `context`, a last paragraph says where it comes from. */
export function plainSelectionPrompt(selections: readonly SelectedText[], context: boolean): string {
  const text = selections.map((selection) => selection.text).join('\n');
  if (!context) return text;
  const places = selections.map(placeOf).join('; ');
  return `${text.replace(/\s+$/, '')}\n\n(The text above is selected in ${places}.)`;
}

/** A prompt of an instruction and what it is about: each selection as a fenced block under its path and lines. */
export function selectionPrompt(instruction: string, selections: readonly SelectedText[]): string {
  return [instruction.trim(), ...selections.map(block)].join('\n\n');
}

function block(selection: SelectedText): string {
  const { text, language } = selection;
  // A language id goes into the info string of the fence: only characters that cannot end it.
  const info = /^[\w+#.-]+$/.test(language) && language !== 'plaintext' ? language : '';
  return `From ${placeOf(selection)}:\n\n${codeBlock(text.replace(/\r?\n$/, ''), { language: info })}`;
}

function placeOf({ path, firstLine, lastLine }: SelectedText): string {
  const lines = firstLine === lastLine ? `line ${firstLine}` : `lines ${firstLine}-${lastLine}`;
  return `${path.replaceAll(/[\r\n]/g, ' ')}, ${lines}`;
}
