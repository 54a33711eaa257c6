import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { createCatalog } from '../../src/agents/catalog.ts';
import type { ProcessExit } from '../../src/core/model/agentEvent.ts';
import { mangled, manglings } from './mangle.ts';
import type { FuzzOptions, FuzzResult } from './outcome.ts';
import { onceIn, tryCases } from './property.ts';
import { StreamBench } from './streamBench.ts';

const STREAMS = fileURLToPath(new URL('../fixtures/streams/', import.meta.url));

/** What real agents wrote. */
const RECORDINGS: readonly { readonly name: string; readonly text: string }[] = readdirSync(STREAMS)
  .filter((name) => name.endsWith('.ndjson'))
  .sort()
  .map((name) => ({ name, text: readFileSync(STREAMS + name, 'utf8') }));

/** All agents, and a program of the user's. */
export function fuzzCatalog() {
  return createCatalog({
    agents: { words: { extends: 'plain', command: 'cat' } },
    prices: undefined,
    sample: { command: 'node', args: ['sample.cjs'], env: {} } as never,
    driver: { command: '/node', args: ['/driver.cjs'], env: { ELECTRON_RUN_AS_NODE: '1' } },
    platform: 'linux',
  }).catalog;
}

const exit: fc.Arbitrary<ProcessExit> = fc.oneof(
  fc.constantFrom<ProcessExit>(
    { exitCode: 0 },
    { exitCode: 1 },
    { exitCode: 137 },
    { signal: 'SIGKILL' },
    { signal: 'SIGTERM' },
    {},
  ),
  fc.record({ exitCode: fc.integer({ min: 0, max: 255 }) }),
);

/** The agent that a recording is of reads it, mostly; sometimes another does. */
const streamCase = fc.record({
  recording: fc.nat(RECORDINGS.length - 1),
  stranger: onceIn(
    4,
    fc.constantFrom('claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo', 'sample', 'words'),
  ),
  manglings,
  /** Sizes of the pieces in which it comes, bytes. */
  piece: fc.constantFrom(1, 50, 700, 700, 5_000, 5_000, 5_000, 1_000_000, 1_000_000),
  stderr: fc.string({ unit: 'binary', maxLength: 100 }),
  report: onceIn(3, fc.oneof(fc.json(), fc.string({ unit: 'binary' }))),
  exit,
  /** After so much of it another window reads on, from the stored state. */
  handOver: onceIn(3, fc.double({ min: 0, max: 1, noNaN: true })),
});

/**
 * Spoilt streams of all agents through reader, supervisor and store: events of the right types, an attempt that ends, a
 * reason for it.
 */
export async function fuzzStreams(options: FuzzOptions): Promise<FuzzResult> {
  const bench = new StreamBench(fuzzCatalog());
  try {
    return await tryCases(streamCase, options, async ({ recording, stranger, manglings, ...rest }) => {
      const { name, text } = RECORDINGS[recording] as (typeof RECORDINGS)[number];
      const agent = stranger ?? (name.split('-')[0] as string);
      return bench.play(agent, { bytes: mangled(text, manglings), ...rest });
    });
  } finally {
    await bench.close();
  }
}
