import { LinuxTable } from './linuxTable.ts';
import { type ProcessScope, UNKNOWN_BOOT } from './processScope.ts';
import type { ProcessTable } from './processTable.ts';
import { PsTable, SYSCTL_BOOT, SYSCTL_MACHINE } from './psTable.ts';
import { runCommand, runCommandNow } from './runCommand.ts';
import { CIM_BOOT, CIM_MACHINE, WindowsTable } from './windowsTable.ts';

/** The process table of this machine. `polite`: it gives way to other work while it lists. */
export function createTable(options: { readonly polite?: boolean } = {}): ProcessTable {
  if (process.platform === 'linux') return new LinuxTable(options);
  if (process.platform === 'win32') return new WindowsTable(askScope(), runCommand);
  return new PsTable(askScope(), runCommand, (pid, signal) => process.kill(pid, signal));
}

/** The scope of this process where a command of the system has to be asked for it. */
export function askScope(): ProcessScope {
  const [file, boot, machine] =
    process.platform === 'win32' ? ['powershell.exe', CIM_BOOT, CIM_MACHINE] : ['sysctl', SYSCTL_BOOT, SYSCTL_MACHINE];
  const machineId = ask(file, machine);
  return { bootId: ask(file, boot) || UNKNOWN_BOOT, ...(machineId !== '' && { machine: machineId }) };
}

function ask(file: string, args: readonly string[]): string {
  const { code, output } = runCommandNow(file, args);
  return code === 0 ? output.trim() : '';
}
