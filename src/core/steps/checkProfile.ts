import type { Check } from '../model/check.ts';
import { checkReader } from '../policy/checkReader.ts';
import type { AgentProfile } from '../ports/agents.ts';

/** How a run of a check is followed: it costs nothing, and its output is read for the report. */
export function checkProfile(check: Check): Pick<AgentProfile, 'hasCost' | 'needsReading' | 'reader'> {
  return { hasCost: false, needsReading: true, reader: (state) => checkReader(check, state) };
}
