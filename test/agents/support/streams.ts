import { readdirSync, readFileSync } from 'node:fs';
import { type CatalogOptions, createCatalog } from '../../../src/agents/catalog.ts';
import type { AgentEvent, AgentReader, Json, ProcessExit } from '../../../src/core/model/agentEvent.ts';
import type { SessionBefore } from '../../../src/core/ports/agents.ts';

const FOLDER = new URL('../../fixtures/streams/', import.meta.url);

/** How a recorded run ended, beside its output. */
export interface RecordedEnd extends ProcessExit {
  /** The signal that the recorder sent. */
  readonly stoppedBy?: string;
  readonly stderr?: string;
  /** What was in its report file. */
  readonly report?: string;
}

export interface Recording extends RecordedEnd {
  readonly name: string;
  readonly agent: string;
  readonly output: string;
}

/** What time it is when recordings are read. */
export const NOW = Date.UTC(2026, 10, 23, 6, 0);

/** Round prices, so that a test can do the sum itself: USD per million tokens. */
export const TEST_PRICE = { input: 1, cachedInput: 0.1, cacheWrite: 1.25, output: 5 };

/** Every recording, with all that is known of it. */
export function recordings(): Recording[] {
  const ends = JSON.parse(readFileSync(new URL('runs.json', FOLDER), 'utf8')) as {
    readonly [name: string]: RecordedEnd;
  };
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ndjson'))
    .map((file) => file.slice(0, -'.ndjson'.length))
    .sort()
    .map((name) => ({
      name,
      agent: name.split('-', 1)[0] ?? '',
      output: readFileSync(new URL(`${name}.ndjson`, FOLDER), 'utf8'),
      ...ends[name],
    }));
}

export function recording(name: string): Recording {
  const found = recordings().find((each) => each.name === name);
  if (!found) throw new Error(`There is no recording ${name}.`);
  return found;
}

/** A catalog with fixed time, ids and prices. */
export function testCatalog(options: Partial<CatalogOptions> = {}) {
  let ids = 0;
  return createCatalog({
    agents: undefined,
    prices: { '*': TEST_PRICE },
    sample: { command: '/node', args: ['/sampleAgent.cjs'], env: { ELECTRON_RUN_AS_NODE: '1' } },
    driver: { command: '/node', args: ['/driver.cjs'], env: { ELECTRON_RUN_AS_NODE: '1' } },
    platform: 'linux',
    now: () => NOW,
    newUuid: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
    ...options,
  });
}

export function readerOf(agent: string, state?: Json, before?: SessionBefore): AgentReader {
  const agents = { acp: { extends: 'acp', command: 'tiny' } };
  const profile = testCatalog({ agents }).catalog.find(agent);
  if (!profile) throw new Error(`There is no agent ${agent}.`);
  return profile.reader(state, before);
}

/** Reads a recording from its beginning to its end. */
export function readAll(run: Recording, reader = readerOf(run.agent)): AgentEvent[] {
  return [...linesOf(run.output).flatMap((line) => reader.line(line)), ...endOf(run, reader)];
}

export function endOf(run: Recording, reader: AgentReader): AgentEvent[] {
  const { exitCode, signal, stderr = '', report } = run;
  return reader.end(
    { ...(exitCode !== undefined && { exitCode }), ...(signal !== undefined && { signal }) },
    stderr,
    report,
  );
}

/** Lines without their ends; the last one may have none. */
export function linesOf(output: string): string[] {
  const lines = output.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Whole messages: pieces that follow one another are joined. */
export function messagesIn(events: readonly AgentEvent[]): string[] {
  const messages: string[] = [];
  let joining = false;
  for (const event of events) {
    if (event.type === 'text') {
      if (event.delta && joining) messages.push(`${messages.pop()}${event.text}`);
      else messages.push(event.text);
      joining = event.delta;
    } else if (event.type === 'toolCall' || event.type === 'end') joining = false;
  }
  return messages;
}

export function ofType<T extends AgentEvent['type']>(
  events: readonly AgentEvent[],
  type: T,
): Extract<AgentEvent, { type: T }>[] {
  return events.filter((event): event is Extract<AgentEvent, { type: T }> => event.type === type);
}

/** What was told to have been spent, 10⁻⁹ USD. */
export function costIn(events: readonly AgentEvent[]): number {
  return ofType(events, 'cost').reduce((sum, { cost }) => sum + cost, 0);
}
