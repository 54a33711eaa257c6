import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

/** A quiet workbench: nothing that moves by itself, asks, or fetches. */
export const QUIET = {
  'telemetry.telemetryLevel': 'off',
  'workbench.reduceMotion': 'on',
  'workbench.startupEditor': 'none',
  // An editor that opens late would take back what was selected in the explorer meanwhile.
  'explorer.autoReveal': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'chat.commandCenter.enabled': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.enabled': false,
  'editor.minimap.enabled': false,
  'files.autoSave': 'off',
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'always',
};

/**
 * The same of the machine: in a window on a server VS Code hears settings of this scope from there alone. A host
 * without a window would outlive the test; the tests that are about it turn it on.
 */
export const QUIET_MACHINE = { 'loopSupervisor.background': 'off', 'loopSupervisor.keepAwake': false };

/**
 * Writes a file in one piece over what it holds. A window that reads it between a truncation and the new text would
 * take all settings for unset, and ask for a reload.
 */
export function overwrite(file: string, text: string): void {
  const content = Buffer.from(text);
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT);
  try {
    const more = Math.max(0, fstatSync(descriptor).size - content.length);
    writeSync(descriptor, Buffer.concat([content, Buffer.alloc(more, ' ')]), 0, content.length + more, 0);
  } finally {
    closeSync(descriptor);
  }
}
