import { homedir } from 'node:os';
import { join } from 'node:path';
import { createKeepAwake } from '../process/awake/keepAwake.ts';
import { cleanEnvironment } from '../process/environment/shellEnvironment.ts';
import { startHost } from '../process/launch/hostProcess.ts';
import type { HeadlessParts } from '../ui/window/background.ts';
import { takeAlone } from './alone.ts';
import { storedSettings, storeWindow, type WrittenSettings } from './hostConfig.ts';
import { hostFiles } from './hostFiles.ts';
import { installShim, writeShim } from './shim.ts';
import { TrustedFolders } from './trustedFolders.ts';

export interface WindowSideOptions {
  /** The extension's storage folder. */
  readonly storage: string;
  /** Path of the bundle of that name. */
  bundle(name: 'host' | 'loops'): string;
  /** Of the extension. */
  readonly version: string;
  readonly log: (message: string, error?: unknown) => void;
}

/** What a window does for the host that goes on without it (R15.1). */
export function windowSide({ storage, bundle, version, log }: WindowSideOptions): HeadlessParts & {
  trusts(folder: string): boolean;
  /** The settings that the last window stored, as they are written; undefined where there are none to be read. */
  lastSettings(): WrittenSettings | undefined;
} {
  const trusted = new TrustedFolders(storage);
  const nodePath = process.execPath;
  const { platform } = process;
  const awake = createKeepAwake({ platform, environment: cleanEnvironment(process.env), log });
  const shim = () => writeShim({ storage, nodePath, program: bundle('loops'), platform });
  return {
    trusts: (folder) => trusted.has(folder),
    lastSettings: () => storedSettings(storage),
    store: (settings, folders) => {
      trusted.add(folders);
      storeWindow(storage, { version, at: Date.now(), settings });
    },
    startHost: () => startHost({ nodePath, program: bundle('host'), storage, logPath: hostFiles(storage).log }),
    takeAlone: () => takeAlone(storage),
    keepAwake: (isNeeded) => awake.set(isNeeded),
    writeShim: shim,
    installShim: () => {
      const home = homedir();
      const folders = [join(home, '.local', 'bin'), join(home, 'bin'), '/usr/local/bin'];
      return installShim(shim(), folders, process.env['PATH'] ?? '');
    },
  };
}
