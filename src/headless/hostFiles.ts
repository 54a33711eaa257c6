import { join } from 'node:path';

/** Files through which windows, the headless host and the command line know of each other: private to their owner. */
export interface HostFiles {
  /** What the last window stored: its settings, when, and by which version. */
  readonly window: string;
  /** Settings of a machine without VS Code, written by its user. */
  readonly settings: string;
  /** The workspace folders that were trusted when they were open. */
  readonly trusted: string;
  /** Since when no window has been open, as long as the headless host is alone. */
  readonly alone: string;
  /** What the headless host logs. */
  readonly log: string;
}

/** The files of a storage folder. */
export function hostFiles(storage: string): HostFiles {
  const folder = join(storage, 'headless');
  return {
    window: join(folder, 'window.json'),
    settings: join(storage, 'settings.json'),
    trusted: join(folder, 'trusted.json'),
    alone: join(folder, 'alone.json'),
    log: join(folder, 'host.log'),
  };
}
