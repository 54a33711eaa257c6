import * as vscode from 'vscode';
import { isActive } from '../../core/model/loop.ts';
import type { Config } from '../settings/config.ts';
import type { HeadlessParts } from './background.ts';
import type { Pulse } from './pulse.ts';
import type { UiDeps } from './uiDeps.ts';

interface AwakeDeps extends UiDeps {
  readonly pulse: Pulse;
  headless(): Promise<Pick<HeadlessParts, 'keepAwake'>>;
}

/** How often (ms) it looks again while no event comes: the machine may have been unplugged. */
const LOOK_EVERY_MS = 30_000;

/** Keeps the machine awake while this window follows runs (R15.2). */
export function keepAwakeWhileRunning({ host, pulse, headless, log }: AwakeDeps, config: Config): vscode.Disposable {
  let isKept = false;
  const look = () => {
    const { current } = host;
    const runsHere = current?.live(0).some(({ loop }) => isActive(loop) && loop.attempt.windowId === current.hostId);
    const isNeeded = config.keepAwake && runsHere === true;
    if (!isNeeded && !isKept) return;
    isKept = isNeeded;
    headless().then(
      ({ keepAwake }) => keepAwake(isNeeded),
      (error: unknown) => log.error('The machine could not be kept awake.', error as Error),
    );
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return vscode.Disposable.from(
    pulse.onBeat(look) as vscode.Disposable,
    new vscode.Disposable(() => clearInterval(timer)),
  );
}
