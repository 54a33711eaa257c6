import { LinuxTable } from './linuxTable.ts';
import type { ProcessTable } from './processTable.ts';
import { PsTable, SYSCTL_BOOT } from './psTable.ts';
import { runCommand, runCommandNow } from './runCommand.ts';
import { CIM_BOOT, WindowsTable } from './windowsTable.ts';

/** The process table of this machine. `polite`: it gives way to other work while it lists. */
export function createTable(options: { readonly polite?: boolean } = {}): ProcessTable {
  if (process.platform === 'linux') return new LinuxTable(options);
  if (process.platform === 'win32') return new WindowsTable(bootId('powershell.exe', CIM_BOOT), runCommand);
  return new PsTable(bootId('sysctl', SYSCTL_BOOT), runCommand, (pid, signal) => process.kill(pid, signal));
}

function bootId(file: string, args: readonly string[]): string {
  const { output } = runCommandNow(file, args);
  return output.trim() || 'unknown';
}
