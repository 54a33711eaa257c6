import type { AgentFacts } from '../core/model/agentFacts.ts';
import type { AgentCatalog, AgentProfile } from '../core/ports/agents.ts';
import { ACP } from './acp/acp.ts';
import { CLAUDE } from './claude/claude.ts';
import { CODEX } from './codex/codex.ts';
import { readRollout } from './codex/codexRollout.ts';
import { COPILOT } from './copilot/copilot.ts';
import { defaultOptions, readCustomAgents } from './customAgents.ts';
import { GEMINI } from './gemini/gemini.ts';
import { readChat } from './gemini/geminiChat.ts';
import type { AgentKind, AgentOptions, AgentServices, DriverProgram } from './kind.ts';
import { KILO } from './opencode/kilo.ts';
import { OPENCODE } from './opencode/opencode.ts';
import { PI } from './pi/pi.ts';
import { PLAIN } from './plain.ts';
import { readPrices } from './prices.ts';
import { agentFactsOf, profileOf } from './profile.ts';
import { QWEN } from './qwen/qwen.ts';
import { type SampleProgram, sampleKind } from './sample.ts';
import { shellPlan } from './shell.ts';

export interface CatalogOptions {
  /** Value of the setting `loopSupervisor.agents`. */
  readonly agents: unknown;
  /** Value of the setting `loopSupervisor.prices`. */
  readonly prices: unknown;
  /** How the bundled sample agent is started. */
  readonly sample: SampleProgram;
  /** How the bundled driver of agents that ask is started. */
  readonly driver: DriverProgram;
  /** As `process.platform`. */
  readonly platform: string;
  /** Makes session ids; random ones if absent. */
  readonly newUuid?: () => string;
  /** Wall time, ms: what "resets in 3 hours" counts from. The system's if absent. */
  readonly now?: () => number;
  /** Where Codex keeps its session files, which name its model; they are not read if absent. */
  readonly codexHome?: string;
  /** The folder that holds Gemini CLI's `.gemini`, with its session files; they are not read if absent. */
  readonly geminiHome?: string;
}

export interface FactsCatalog extends AgentCatalog {
  /** What is known about the program behind a profile. */
  facts(name: string): AgentFacts | undefined;
}

export interface CatalogResult {
  readonly catalog: FactsCatalog;
  /** Mistakes in the settings, as sentences that name the setting. Wrong entries are skipped; the rest works. */
  readonly problems: string[];
}

/** All profiles: the built-in ones, and those of the settings, which may change built-in ones too. */
export function createCatalog(options: CatalogOptions): CatalogResult {
  const { prices, problems: wrongPrices } = readPrices(options.prices);
  const services: AgentServices = {
    platform: options.platform,
    driver: options.driver,
    prices,
    now: options.now ?? Date.now,
    newUuid: options.newUuid ?? (() => crypto.randomUUID()),
    rollout: (threadId, { env }) =>
      options.codexHome === undefined ? undefined : readRollout(env['CODEX_HOME'] ?? options.codexHome, threadId),
    chat: (sessionId, since, { env }) =>
      options.geminiHome === undefined
        ? []
        : readChat(env['GEMINI_CLI_HOME'] ?? env['HOME'] ?? options.geminiHome, sessionId, since),
  };
  const kinds = new Map(
    [...[sampleKind(options.sample), CLAUDE, CODEX, GEMINI, OPENCODE, COPILOT, PI, QWEN, KILO], ...[ACP, PLAIN]].map(
      (kind) => [kind.name, kind],
    ),
  );
  const custom = readCustomAgents(options.agents, kinds);

  const entries = new Map<string, { readonly profile: AgentProfile; readonly facts: AgentFacts }>();
  const add = (name: string, kind: AgentKind, chosen: AgentOptions) =>
    entries.set(name, {
      profile: profileOf(name, kind, chosen, services),
      facts: agentFactsOf(name, kind, chosen, options.platform),
    });
  // One that names no program exists only to be extended.
  for (const kind of kinds.values()) if (kind.command !== '') add(kind.name, kind, defaultOptions(kind));
  for (const { name, kind, options: chosen } of custom.agents) add(name, kind, chosen);

  return {
    catalog: {
      find: (name) => entries.get(name)?.profile,
      names: () => [...entries.keys()],
      shell: (commandLine) => shellPlan(commandLine, options.platform),
      facts: (name) => entries.get(name)?.facts,
    },
    problems: [...custom.problems, ...wrongPrices],
  };
}
