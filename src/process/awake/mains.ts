import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SUPPLIES = '/sys/class/power_supply';

/**
 * Whether the machine is on mains power: as Linux says it, and yes where nothing says it, as for a desktop. Elsewhere
 * the means themselves decide.
 */
export function isOnMains(platform: NodeJS.Platform, folder = SUPPLIES): boolean {
  if (platform !== 'linux') return true;
  try {
    const online = readdirSync(folder).flatMap((name) => {
      const read = (file: string) => readFileSync(join(folder, name, file), 'utf8').trim();
      return read('type') === 'Mains' ? [read('online')] : [];
    });
    return online.length === 0 || online.includes('1');
  } catch {
    return true;
  }
}
