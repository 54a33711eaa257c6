import { startHost } from '../process/launch/hostProcess.ts';
import type { HeadlessParts } from '../ui/window/background.ts';
import { takeAlone } from './alone.ts';
import { storeWindow } from './hostConfig.ts';
import { hostFiles } from './hostFiles.ts';
import { TrustedFolders } from './trustedFolders.ts';

export interface WindowSideOptions {
  /** The extension's storage folder. */
  readonly storage: string;
  /** The bundle of the headless host. */
  readonly program: string;
  /** Of the extension. */
  readonly version: string;
}

/** What a window does for the host that goes on without it (R15.1). */
export function windowSide({ storage, program, version }: WindowSideOptions): HeadlessParts & {
  trusts(folder: string): boolean;
} {
  const trusted = new TrustedFolders(storage);
  return {
    trusts: (folder) => trusted.has(folder),
    store: (settings, folders) => {
      trusted.add(folders);
      storeWindow(storage, { version, at: Date.now(), settings });
    },
    startHost: () => startHost({ nodePath: process.execPath, program, storage, logPath: hostFiles(storage).log }),
    takeAlone: () => takeAlone(storage),
  };
}
