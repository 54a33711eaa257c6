import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isProgram } from '../environment/isProgram.ts';
import { readHead } from '../runFolder/regularFile.ts';

/** How much (bytes) the system reads of a script's first line. */
const FIRST_LINE_BYTES = 256;

/**
 * What is wrong with the interpreter that a script names in its first line, as a sentence; undefined where nothing is,
 * or where the file is no script. `path`: where `env` looks for it.
 */
export function interpreterProblem(script: string, path: string): string | undefined {
  const line = firstLine(script);
  if (line === undefined) return undefined;
  if (line.endsWith('\r'))
    return `the first line of ${script} ends as on Windows (CRLF). Save it with Unix line ends (LF).`;
  const [interpreter = '', ...args] = line.slice(2).trim().split(/\s+/);
  if (interpreter === '') return undefined;
  const problem = problemWith(interpreter, script);
  if (problem || basename(interpreter) !== 'env') return problem;
  const program = args.find((arg) => !arg.startsWith('-') && !arg.includes('='));
  if (program === undefined || program.includes('/')) return program && problemWith(program, script);
  const isFound = path.split(':').some((folder) => isProgram(join(folder || '.', program)));
  return isFound ? undefined : `${script} runs with ${program}, which was not found on the PATH. Install it.`;
}

function problemWith(interpreter: string, script: string): string | undefined {
  if (!interpreter.startsWith('/') || isProgram(interpreter)) return undefined;
  return existsSync(interpreter)
    ? `${script} runs with ${interpreter}, which may not be executed.`
    : `${script} runs with ${interpreter}, which is not there. Install it, or correct the first line of the script.`;
}

/** The first line with its `#!`; undefined where there is none. */
function firstLine(script: string): string | undefined {
  try {
    const head = readHead(script, FIRST_LINE_BYTES).toString('utf8');
    return head.startsWith('#!') ? head.split('\n', 1)[0] : undefined;
  } catch {
    // It may not be read, or is no regular file.
    return undefined;
  }
}
