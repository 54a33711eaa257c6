import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Writes one event to standard output, whole. The output may be a pipe that is full at the moment. */
export async function print(event: object): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await sleep(5);
    }
  }
}
