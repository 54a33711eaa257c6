import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { call } from './cli/program.ts';
import type { Manifest, Session } from './cli/session.ts';
import { afterLogout } from './headless/logout.ts';
import type { Parts } from './parts.ts';
import { startHost } from './process/launch/hostProcess.ts';

// loops …: the command line (R15.3). It runs on the Node of VS Code, or on any from 22.15 on.
const program = realpathSync(process.argv[1] as string);
const dist = dirname(program);
const { version, contributes } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as {
  readonly version: string;
  readonly contributes: { readonly languageModelTools: Manifest['tools'] };
};
// It is for this process alone. SQLite is called experimental by older versions of Node, which is no news for a user.
delete process.env['ELECTRON_RUN_AS_NODE'];
process.removeAllListeners('warning');

async function load(session: Session): Promise<Parts> {
  const { storage, config, trusted, folder } = session;
  const { createParts } = await import('./parts.ts');
  const { createCatalog } = await import('./agents/catalog.ts');
  const say = (message: string) => process.stderr.write(`${message}\n`);
  return createParts({
    ...{ role: 'caller', createCatalog, storage, say },
    trusts: (path) => trusted.has(path),
    bundle: (name) => join(dist, `${name}.cjs`),
    settings: () => config.settings,
    doubts: () => config.doubts,
    agentSettings: () => ({ agents: config.get('agents'), prices: config.get('prices') }),
    folders: () => (folder === undefined ? [] : [folder]),
    sharedStore: () => config.text('store'),
    storeFolder: () => config.text('storeFolder'),
    storePassword: async () => undefined,
    current: () => session.current,
    tell: () => undefined,
    // What a window would log: a person wants the result, and a failure is reported where it is met.
    log: (message, error) => {
      if (process.env['LOOP_SUPERVISOR_DEBUG']) say(`${message} ${error ?? ''}`);
    },
  });
}

// The clock's timers, and a wait for the store, let a process end; this one keeps it until the call is over.
const alive = setInterval(() => undefined, 60_000);
call(process.argv.slice(2), {
  manifest: { version, tools: contributes.languageModelTools },
  ...{ program, load, out: process.stdout, error: process.stderr },
  environment: process.env,
  cwd: process.cwd(),
  startHost: (storage, logPath) =>
    startHost({ nodePath: process.execPath, program: join(dist, 'host.cjs'), storage, logPath }),
  afterLogout: (pid) => afterLogout(pid),
}).then(
  (exitCode) => {
    clearInterval(alive);
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    clearInterval(alive);
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
