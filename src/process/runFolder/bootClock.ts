import { uptime } from 'node:os';

/** Time since this machine's boot, ms: it runs on through suspend, and nobody sets it. */
export const bootNow = (): number => uptime() * 1000;
