import { createHash } from 'node:crypto';
import type { Machine } from '../../core/ports/machine.ts';
import { RetryLog } from '../../core/runtime/retryLog.ts';
import { readJson, writeJson } from '../runFolder/atomicFile.ts';
import { bootNow } from '../runFolder/bootClock.ts';
import { FORMAT, type LeaseRecord } from '../runFolder/records.ts';
import type { ProcessScope } from '../tables/processScope.ts';

export interface ThisMachineOptions {
  /** The folder of this machine's runs: hosts with another one cannot follow them. */
  readonly folder: string;
  /** What people call the machine. */
  readonly name: string;
  readonly scope: ProcessScope;
  /** The file by which guardians know until when their runs may go on. */
  readonly leaseFile: string;
  readonly log: (message: string, error?: unknown) => void;
}

/** This machine among those that share a store (R16.3). Its id reveals neither name nor path. */
export function thisMachine({ folder, name, scope, leaseFile, log }: ThisMachineOptions): Machine {
  const { bootId } = scope;
  const id = createHash('sha256')
    .update(`${scope.machine ?? name} ${folder}`)
    .digest('hex')
    .slice(0, 16);
  const retryLog = new RetryLog({ log });
  return {
    ...{ id, name, bootNow },
    allowUntil: (epoch, until) => {
      // Another host of this machine may have been granted more meanwhile.
      const before = (readJson(leaseFile) ?? {}) as Partial<LeaseRecord>;
      const isOfThisBoot = before.format === FORMAT && before.bootId === bootId;
      const { epoch: granted = 0, until: grantedUntil = 0 } = isOfThisBoot ? before : {};
      if (granted > epoch || (granted === epoch && grantedUntil > until)) return;
      try {
        writeJson(leaseFile, { format: FORMAT, bootId, epoch, until } satisfies LeaseRecord);
        retryLog.withdraw();
      } catch (error) {
        retryLog.make(`The file ${leaseFile}, by which running loops know that they may go on, was not written`, error);
      }
    },
  };
}
