import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { AgentProfile } from '../../src/core/ports/agents.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/programs/reporter.mjs', import.meta.url));

/** What one line of the reporter says. */
export function reporterEvents(line: string): AgentEvent[] {
  try {
    const said = JSON.parse(line) as { cost?: number; done?: boolean; step?: number };
    if (said.done) return [{ type: 'end', ok: true }];
    // As it was said, lies included: the core is to refuse them (R6.6).
    return said.cost === undefined ? [] : [{ type: 'cost', cost: said.cost, source: 'reported' }];
  } catch {
    return [{ type: 'warning', text: `not a line of the reporter: ${line.slice(0, 80)}` }];
  }
}

/** The agent of the chaos and soak tests: a real program that reports a cost with each step. */
export function reporterProfile(program = PROGRAM): AgentProfile {
  return {
    name: 'reporter',
    refuse: () => undefined,
    commandIn: () => undefined,
    spending: 'live',
    capsItself: false,
    canResume: false,
    // What was not reported must not be charged: the tests hold the ledger against the reports.
    hasCost: false,
    needsReading: true,
    plan: ({ prompt }) => ({
      command: process.execPath,
      args: [program, '${asksFolder}'],
      env: {},
      stdin: prompt,
      stopSteps: [{ signal: 'SIGTERM', share: 1 }],
    }),
    reader: () => ({
      line: reporterEvents,
      end: () => [],
      state: () => null,
    }),
  };
}

/** What the reporter was answered, answer by answer: `true`, `false`, or `true` and what was said. */
export function answersIn(stdoutPath: string): string[] {
  const lines = readFileSync(stdoutPath, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, answer, said] = /^\{"answered":(true|false)(?:,"said":"([^"]*)")?\}$/.exec(line) ?? [];
    return answer === undefined ? [] : [said === undefined ? answer : `${answer} ${said}`];
  });
}

/** What the complete lines of an attempt's output report, 10⁻⁹ USD; what is no cost at all does not count. */
export function reportedIn(stdoutPath: string): number {
  const text = readFileSync(stdoutPath, 'utf8');
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  let sum = 0;
  for (const line of complete.split('\n')) {
    for (const event of reporterEvents(line))
      if (event.type === 'cost' && Number.isSafeInteger(event.cost) && event.cost >= 0) sum += event.cost;
  }
  return sum;
}
