import fc from 'fast-check';
import { createCatalog } from '../../src/agents/catalog.ts';
import { NUMBER_RULES } from '../../src/ui/settings/settingRanges.ts';
import { mapSettings } from '../../src/ui/settings/settingsMapping.ts';
import type { FuzzOptions, FuzzResult } from './outcome.ts';
import { tryCases } from './property.ts';

/** Settings are JSON, and what other extensions may write by the editor's API. */
const anything = fc.anything({ maxDepth: 3, withNullPrototype: true });
const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('', ' ', '-', '${prompt}', '${promptFile}', '\0', '__proto__', '../../x', 'a'.repeat(1e5)),
);
const kinds = fc.constantFrom(
  'claude',
  'codex',
  'gemini',
  'opencode',
  'copilot',
  'pi',
  'qwen',
  'kilo',
  'sample',
  'plain',
  'nobody',
  '__proto__',
  'constructor',
);

/** Nearly a profile: most of its options have a value that could be right. */
const profile = fc.record(
  {
    extends: fc.oneof(kinds, anything),
    command: fc.oneof(words, anything),
    args: fc.oneof(fc.array(words, { maxLength: 5 }), anything),
    env: fc.oneof(fc.dictionary(words, words, { maxKeys: 3 }), anything),
    prompt: fc.oneof(fc.constantFrom('stdin', 'argument', 'file'), anything),
    model: fc.oneof(words, anything),
    permissionMode: fc.oneof(words, fc.constantFrom('plan', 'default', 'acceptEdits', 'bypassPermissions'), anything),
    sandbox: fc.oneof(words, fc.constantFrom('read-only', 'workspace-write'), anything),
    resume: fc.oneof(fc.constantFrom('auto', 'never'), anything),
    stop: fc.oneof(fc.array(fc.constantFrom('SIGINT', 'SIGTERM', 'SIGKILL'), { maxLength: 3 }), anything),
    unknown: anything,
  },
  { requiredKeys: [] },
);
const agents = fc.oneof(
  fc.dictionary(
    fc.oneof(kinds, words, fc.string({ maxLength: 8 })),
    fc.oneof({ weight: 4, arbitrary: profile }, anything),
    { maxKeys: 4 },
  ),
  anything,
);
const price = fc.dictionary(
  fc.constantFrom('input', 'cachedInput', 'cacheWrite', 'output', 'x'),
  fc.oneof(fc.double(), anything),
);
const prices = fc.oneof(fc.dictionary(words, fc.oneof(price, anything), { maxKeys: 4 }), anything);
const values = fc.dictionary(
  fc.constantFrom(
    ...Object.keys(NUMBER_RULES),
    'budget.onExceeded',
    'onSilence',
    'onWindowClose',
    'sweep.keep',
    'defaultAgent',
  ),
  fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom<unknown>('finish', 'restart', 'keep', Number.NaN, '5', -0),
    fc.array(words),
    anything,
  ),
  { maxKeys: 24 },
);
const BUILT_IN = ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo', 'sample'];
/** The prompt of every plan: a program must get it as text, or not at all. */
const PROMPT = '--help $(touch /x) `id`\n"quoted" \u{1f642}';

/** Any value in any setting: what is wrong is said and left out, what is left works. */
export async function fuzzSettings(options: FuzzOptions): Promise<FuzzResult> {
  return tryCases(
    fc.record({ agents, prices, values }),
    options,
    async (written) => wrongAgents(written) ?? wrongNumbers(written.values),
  );
}

function wrongAgents(written: { readonly agents: unknown; readonly prices: unknown }): string | undefined {
  const { catalog, problems } = createCatalog({
    ...written,
    sample: { command: 'node', args: [], env: {} },
    driver: { command: '/node', args: ['/driver.cjs'], env: { ELECTRON_RUN_AS_NODE: '1' } },
    platform: 'linux',
  });
  const vague = problems.find(
    (problem) => !/^loopSupervisor\.(agents|prices)\b/.test(problem) || problem.length > 2_000,
  );
  if (vague !== undefined) return `a problem that names no setting, or is endless: ${vague.slice(0, 300)}`;
  const names = catalog.names();
  const missing = BUILT_IN.find((name) => !names.includes(name));
  if (missing !== undefined) return `the built-in profile ${missing} is gone`;
  for (const name of names) {
    const profile = catalog.find(name);
    if (!profile) return `the profile ${name} is named and not there`;
    if (profile.refuse(PROMPT) !== undefined) continue;
    const plan = profile.plan({ loopId: 'loop', prompt: PROMPT, cwd: '/', resume: 'session', costLeft: 1 });
    const texts = [plan.command, ...plan.args, ...Object.entries(plan.env).flat()];
    if (texts.some((text) => typeof text !== 'string' || text.includes('\0')) || plan.command.trim() === '') {
      return `the profile ${name} cannot be started: ${JSON.stringify(plan).slice(0, 300)}`;
    }
    const shares = plan.stopSteps.reduce((sum, { share }) => sum + share, 0);
    if (!(shares > 0 && shares <= 1 + 1e-9)) return `the stop of ${name} takes ${shares} of its grace`;
  }
  return undefined;
}

function wrongNumbers(values: Readonly<Record<string, unknown>>): string | undefined {
  const { settings, problems } = mapSettings((key) => values[key]);
  const numbers = [
    ...[
      settings.maxConcurrent,
      settings.maxQueueDepth,
      settings.restart.maxRestarts,
      settings.restart.windowMs,
      settings.circuit.failureThreshold,
    ],
    ...[
      settings.circuit.cooldownMs,
      settings.circuit.halfOpenMaxProbes,
      settings.budget.dailyLimit,
      settings.budget.warnAtPercent,
    ],
    ...[
      settings.loopTimeoutMs,
      settings.killGraceMs,
      settings.maxLogBytes,
      settings.firstOutputTimeoutMs,
      settings.silenceTimeoutMs,
    ],
    ...[
      settings.unattendedGraceMs,
      settings.retention.maxAgeMs,
      settings.retention.maxLogBytes,
      settings.retention.maxLoops,
    ],
  ];
  if (!numbers.every((value) => Number.isFinite(value) && value >= 0))
    return `settings that are no numbers: ${JSON.stringify(settings)}`;
  if (settings.maxConcurrent < 1 || settings.circuit.halfOpenMaxProbes < 1) return 'nothing can ever start';
  if (!Number.isSafeInteger(settings.budget.dailyLimit))
    return `a limit of ${settings.budget.dailyLimit} billionths of a USD`;
  if (![...settings.sweepKeep, settings.defaultAgent].every((name) => typeof name === 'string'))
    return 'names that are no text';
  const vague = problems.find(({ key, message }) => key === '' || message.length > 500);
  return vague && `a problem that is vague or endless: ${vague.message.slice(0, 300)}`;
}
