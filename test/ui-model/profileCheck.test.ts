import assert from 'node:assert/strict';
import type { AgentReport } from '../../src/ui/agentCheck/agentChecks.ts';
import { meaningOf } from '../../src/ui/agentCheck/profileCheck.ts';

const FOUND: AgentReport = {
  ...{ name: 'claude', title: 'Claude Code', command: 'claude', bundled: false, path: '/bin/claude' },
  ...{ problems: [], notes: [] },
};
const { path: _, ...MISSING } = FOUND;
const PROBLEM = { short: 'does not start', sentence: 'It does not start.' };

describe('the check of a profile that is held', () => {
  for (const [what, report, reason, expected] of [
    ['its program is there again', FOUND, 'program', 'works'],
    ['its program is missing', MISSING, 'program', 'broken'],
    ['its program does not start', { ...FOUND, problems: [PROBLEM] }, 'program', 'broken'],
    ['it says that it is logged in', { ...FOUND, loggedIn: true }, 'login', 'works'],
    ['it says that it is not', { ...FOUND, loggedIn: false, problems: [PROBLEM] }, 'login', 'broken'],
    ['it cannot say', FOUND, 'login', 'unknown'],
    ['a key is set', { ...FOUND, apiKey: 'ANTHROPIC_API_KEY' }, 'login', 'unknown'],
  ] as const)
    it(`R14.3 ${what}: ${expected}`, () => assert.equal(meaningOf(report, reason), expected));
});
