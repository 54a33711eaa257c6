import './cli/coldStart.ts';
import { statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type LoopSource, listLoops } from './cli/loopListing.ts';
import { Output, type Terminal } from './cli/output.ts';
import { readPlainList } from './cli/plainList.ts';
import { storageOf } from './cli/storage.ts';
import type { AgentCatalog } from './core/ports/agents.ts';
import { systemClock as clock } from './core/runtime/systemClock.ts';
import { glance } from './core/supervisor/glance.ts';
import { HostConfig } from './headless/hostConfig.ts';
import { TrustedFolders } from './headless/trustedFolders.ts';
import { createInspector } from './process/tables/processInspector.ts';
import { openReader } from './store/sqlite/storeReader.ts';

/** What a call runs in. */
export interface ListSurroundings {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs a plain call of `loops list` on a store of this machine, and only reads (R15.3): it loads nothing that other
 * commands need. Resolves with how many loops it found, or with undefined, before it has printed anything, where
 * reading is not enough: the whole program then takes the call, and says what is wrong.
 */
export async function listAtOnce(
  words: readonly string[],
  surroundings: ListSurroundings = process,
): Promise<number | undefined> {
  const list = readPlainList(words);
  if (!list) return undefined;
  const { options, isJson } = list;
  const { stdout, stderr, env } = surroundings;
  const storage = storageOf(list.storage, env, process.cwd());
  // SQLite is called experimental by older versions of Node, which is no news for a user.
  process.removeAllListeners('warning');
  let reader: ReturnType<typeof openReader>;
  try {
    const config = new HostConfig(storage);
    if (config.text('store') !== '' || config.text('storeFolder') !== '') return undefined;
    const inspector = createInspector();
    reader = openReader({ storage, scope: inspector.self, log: () => undefined });
    if (!reader) return undefined;
    const live = reader.live(options.limit + 1);
    const isJudged = !live.control.paused && live.loops.some(({ state }) => state === 'queued');
    const agents = isJudged ? await readAgents(config) : NO_AGENTS;
    const trusted = new TrustedFolders(storage);
    const views = glance(
      live,
      {
        ...{ agents, clock, inspector, settings: config.settings, doubts: config.doubts },
        launcher: { freeBytes: () => freeBytesIn(storage), freeMemoryBytes: () => process.availableMemory() },
        window: { id: '', role: 'caller', folders: [], home: homedir(), trusts: (folder) => trusted.has(folder) },
      },
      options.limit + 1,
    );
    const { finished } = reader;
    let found = views.length;
    const source: LoopSource = {
      live: () => views,
      finished: async (query) => {
        const loops = finished(query);
        found += loops.length;
        return loops;
      },
    };
    await listLoops(source, options, new Output(isJson, stdout, stderr, env), clock.now());
    return found;
  } catch {
    return undefined;
  } finally {
    reader?.close();
  }
}

/** Only what waits in a queue that is not paused is judged by its agent. */
const NO_AGENTS: Pick<AgentCatalog, 'find'> = { find: () => undefined };

async function readAgents(config: HostConfig): Promise<Pick<AgentCatalog, 'find'>> {
  const { createCatalog } = await import('./agents/catalog.ts');
  const nodePath = process.execPath;
  const bundle = (name: string) => [join(dirname(process.argv[1] as string), `${name}.cjs`)];
  const { catalog } = createCatalog({
    ...{ agents: config.get('agents'), prices: config.get('prices'), platform: process.platform },
    sample: { command: nodePath, args: bundle('sampleAgent'), env: {} },
    driver: { command: nodePath, args: bundle('driver'), env: {} },
  });
  return catalog;
}

function freeBytesIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
