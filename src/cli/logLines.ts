import type { AgentEvent, AgentReader } from '../core/model/agentEvent.ts';
import { oneLine, stripEscapes } from '../ui/text/safeText.ts';
import type { Output } from './output.ts';
import { type LogLineJson, logLineSchema } from './schemas.ts';

type Reader = Pick<AgentReader, 'line'>;
/** Shows more of an output, in pieces of any length. */
export type Show = (text: string) => void;
/** What an agent said or did. `isPart`: the next one continues the same line. */
type Said = Omit<LogLineJson, 'attempt'>;

const LONGEST = 200;
/** How each kind is shown to people: its colour, and what goes before it. */
const LOOKS = {
  tool: ['cyan', '▸ '],
  toolFailed: ['red', '✗ '],
  denied: ['yellow', '✗ '],
  warning: ['yellow', ''],
  failed: ['red', ''],
} as const;

/** Shows an agent's stream as people read it: its text, its tool calls, what went wrong. */
export function eventLines(reader: Reader, output: Output): Show {
  let isWithinText = false;
  return byLine((line) => {
    for (const event of reader.line(line)) {
      const said = saidIn(event);
      if (!said && event.type !== 'end') continue;
      if (said?.isPart) output.raw(said.text);
      else if (isWithinText) output.line();
      if (said && !said.isPart) output.line(styled(said, output));
      isWithinText = said?.isPart === true && !said.text.endsWith('\n');
    }
  });
}

/** Shows an output as JSON, one line for each thing said or done; without a reader, one for each line. */
export function jsonLines(attempt: number, reader: Reader | undefined, output: Output): Show {
  return byLine((line) => {
    const said = reader ? reader.line(line).map(saidIn) : [{ kind: 'output', text: line } as const];
    for (const one of said) if (one) output.json(logLineSchema, { attempt, ...one });
  });
}

function styled({ kind, text }: Said, output: Output): string {
  if (kind === 'text' || kind === 'output') return text;
  const [colour, mark] = LOOKS[kind];
  return output.style(colour, `${mark}${text}`);
}

function saidIn(event: AgentEvent): Said | undefined {
  switch (event.type) {
    case 'text': {
      const text = stripEscapes(event.text);
      return event.delta ? { kind: 'text', text, isPart: true } : { kind: 'text', text: text.trimEnd() };
    }
    case 'toolCall':
      return { kind: 'tool', text: oneLine(`${event.name} ${event.summary}`, LONGEST) };
    case 'toolResult':
      return event.ok ? undefined : { kind: 'toolFailed', text: oneLine(event.summary, LONGEST) };
    case 'denied':
      return { kind: 'denied', text: oneLine(`${event.tool} was denied: ${event.reason}`, LONGEST) };
    case 'retry':
    case 'limit':
      return { kind: 'warning', text: oneLine(event.reason, LONGEST) };
    case 'warning':
      return { kind: 'warning', text: oneLine(event.text, LONGEST) };
    case 'end':
      return event.ok ? undefined : { kind: 'failed', text: oneLine(event.reason, 500) };
    default:
      return undefined;
  }
}

/** Gathers whole lines; empty ones are left out. */
function byLine(read: (line: string) => void): Show {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') read(line);
  };
}
