import { CLAUDE } from './claude.ts';
import { CODEX } from './codex.ts';
import { COPILOT } from './copilot.ts';
import type { Expectation } from './expectation.ts';
import { GEMINI } from './gemini.ts';
import { KILO } from './kilo.ts';
import { OPENCODE } from './opencode.ts';
import { PI } from './pi.ts';
import { QWEN } from './qwen.ts';

/** Every recording in test/fixtures/streams, and what it says. */
export const EXPECTED: { readonly [recording: string]: Expectation } = {
  ...CLAUDE,
  ...CODEX,
  ...COPILOT,
  ...GEMINI,
  ...KILO,
  ...OPENCODE,
  ...PI,
  ...QWEN,
};
