import { uptime } from 'node:os';

/** Time since this machine's boot, ms: it counts suspend, and cannot be set. */
export const bootNow = (): number => uptime() * 1000;
