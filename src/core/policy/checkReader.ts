import type { AgentReader, Json } from '../model/agentEvent.ts';
import type { Check } from '../model/check.ts';
import { addLine, NO_OUTPUT, normalisedLine, type OutputTail, reportOf, scoreIn } from './checkOutput.ts';
import { addToDigest, EMPTY_DIGEST, type TextDigest, textOf } from './textDigest.ts';

interface CheckState {
  readonly output: OutputTail;
  readonly digest: TextDigest;
  readonly score?: number;
}

/**
 * Reads the output of a check: at its end it says what the next round is to know of it (R11.2). Its state is plain
 * data.
 */
export function checkReader({ score }: Pick<Check, 'score'>, state?: Json): AgentReader {
  const pattern = score && patternOf(score.pattern);
  let now: CheckState = isState(state) ? state : { output: NO_OUTPUT, digest: EMPTY_DIGEST };
  return {
    line: (text) => {
      const found = pattern && scoreIn(text, pattern);
      const digest = addToDigest(now.digest, normalisedLine(text));
      now = { ...now, output: addLine(now.output, text), digest, ...(found !== undefined && { score: found }) };
      return [];
    },
    end: () => [
      {
        type: 'checked',
        report: reportOf(now.output),
        digest: textOf(now.digest),
        ...(now.score !== undefined && { score: now.score }),
      },
    ],
    state: () => now as unknown as Json,
  };
}

/** The pattern of a score; undefined if it is not a regular expression. */
export function patternOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'gu');
  } catch {
    return undefined;
  }
}

function isState(value: Json | undefined): value is Json & CheckState {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'output' in value && 'digest' in value;
}
