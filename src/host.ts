import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSupervisorError } from './core/model/errors.ts';
import { systemClock as clock } from './core/runtime/systemClock.ts';
import type { Supervisor } from './core/supervisor.ts';
import { HeadlessHost } from './headless/headlessHost.ts';
import { HostConfig } from './headless/hostConfig.ts';
import { hostFiles } from './headless/hostFiles.ts';
import { afterLogout } from './headless/logout.ts';
import { watchProgram } from './headless/ownProgram.ts';
import { TrustedFolders } from './headless/trustedFolders.ts';
import { createKeepAwake } from './process/awake/keepAwake.ts';
import { cleanEnvironment } from './process/environment/shellEnvironment.ts';
import { startHost } from './process/launch/hostProcess.ts';
import { runNotifyCommand } from './ui/notifications/notifyCommand.ts';

// node host.cjs STORAGE: the supervisor without a window (R15.1). It writes what it logs to its standard error.
const program = realpathSync(process.argv[1] as string);
const [storage = ''] = process.argv.slice(2);
const lookAtProgram = watchProgram(program);
const { version } = JSON.parse(readFileSync(join(dirname(program), '../package.json'), 'utf8')) as { version: string };
const log = (message: string, error?: unknown) => {
  const why = error === undefined ? '' : ` ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  process.stderr.write(`${new Date().toISOString()} ${process.pid} ${message}${why}\n`);
};

async function main(): Promise<void> {
  const config = new HostConfig(storage);
  const trusted = new TrustedFolders(storage);
  let current: Supervisor | undefined;
  const { createParts } = await import('./parts.ts');
  const { createCatalog } = await import('./agents/catalog.ts');
  const parts = createParts({
    ...{ role: 'headless', createCatalog, storage, log, say: log },
    trusts: (folder) => trusted.has(folder),
    bundle: (name) => join(dirname(program), `${name}.cjs`),
    settings: () => config.settings,
    doubts: () => config.doubts,
    agentSettings: () => ({ agents: config.get('agents'), prices: config.get('prices') }),
    folders: () => [],
    sharedStore: () => config.text('store'),
    storeFolder: () => config.text('storeFolder'),
    // Only windows have the secret storage: here the password comes from ~/.pgpass or the environment.
    storePassword: async () => undefined,
    current: () => current,
    tell: (change) => current && change(current),
  });
  const { supervisor, onTrouble, close } = await parts.open();
  const notified = runNotifyCommand(
    {
      host: { current: supervisor, onEvent: supervisor.onEvent },
      notify: parts.notify,
      log: { error: log },
    },
    config,
  );
  const { platform } = process;
  const awake = createKeepAwake({ platform, environment: cleanEnvironment(process.env), log });
  const host = new HeadlessHost({
    ...{ supervisor, config, storage, version, clock, log, awake },
    lookAtProgram,
    startNext: () => startHost({ nodePath: process.execPath, program, storage, logPath: hostFiles(storage).log }),
    readAgents: () => parts.readAgents(),
  });
  onTrouble((error) => host.storeTrouble(error));
  try {
    await supervisor.start();
  } catch (error) {
    if (!isSupervisorError(error) || error.code !== 'not-ready') throw error;
    log(error.message);
    close();
    return;
  }
  current = supervisor;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => host.leave(`it got ${signal}`));
  log(`The headless host ${version} is at work for ${storage}.`);
  void afterLogout(process.pid).then(({ why }) => log(why));
  await host.run();
  awake.dispose();
  notified.dispose();
  close();
}

// A terminal that closes, and a user who logs out, are no reason to end.
process.on('SIGHUP', () => undefined);
process.on('unhandledRejection', (error) => log('Something failed that nothing waited for.', error));
// The clock's timers, and a wait for the store, let a process end; this one keeps it.
setInterval(() => undefined, 60_000);
// SQLite is called experimental by older versions of Node, which is no news.
process.removeAllListeners('warning');
main().then(
  () => process.exit(0),
  (error: unknown) => {
    log('The headless host could not go on.', error);
    process.exit(1);
  },
);
