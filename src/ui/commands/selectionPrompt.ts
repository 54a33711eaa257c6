import { codeBlock } from '../text/safeText.ts';

/** A piece of a document that goes to an agent. */
export interface SelectedText {
  readonly text: string;
  /** Path relative to the workspace folder, or as the editor shows it. */
  readonly path: string;
  /** 1-based, both included. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** VS Code's name of the language. */
  readonly language: string;
}

/** A prompt of an instruction and what it is about: each selection as a fenced block under its path and lines. */
export function selectionPrompt(instruction: string, selections: readonly SelectedText[]): string {
  return [instruction.trim(), ...selections.map(block)].join('\n\n');
}

function block({ text, path, firstLine, lastLine, language }: SelectedText): string {
  const lines = firstLine === lastLine ? `line ${firstLine}` : `lines ${firstLine}-${lastLine}`;
  // A language id goes into the info string of the fence: only what can not end it.
  const info = /^[\w+#.-]+$/.test(language) && language !== 'plaintext' ? language : '';
  return `From ${path.replaceAll(/[\r\n]/g, ' ')}, ${lines}:\n\n${codeBlock(text.replace(/\r?\n$/, ''), { language: info })}`;
}
