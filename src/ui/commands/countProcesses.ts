import { isActive } from '../../core/model/loop.ts';
import type { CommandContext } from './commandTable.ts';

/**
 * How many processes these running loops have now; 0 if that is unknown. Never fails: it must not stand in the way of a
 * stop.
 */
export async function countProcesses(
  { host, usage, log }: Pick<CommandContext, 'host' | 'usage' | 'log'>,
  ids: readonly string[],
): Promise<number> {
  try {
    const wanted = new Set(ids);
    const attempts = (host.current?.live(0) ?? []).flatMap(({ loop }) =>
      isActive(loop) && wanted.has(loop.loopId) ? [loop.attempt] : [],
    );
    const found = attempts.length === 0 ? [] : [...(await usage(attempts)).values()];
    return found.reduce((sum, { processes }) => sum + processes.length, 0);
  } catch (error) {
    log.debug(`Processes could not be counted: ${error}`);
    return 0;
  }
}
