import type { Supervisor } from '../../core/supervisor.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** Resolves with the supervisor once there is one, however long its store takes to open. */
export function whenReady(host: Pick<SupervisorHost, 'current' | 'onDidChangeState'>): Promise<Supervisor> {
  return new Promise((resolve) => {
    const listener = host.onDidChangeState(look);
    function look(): void {
      if (!host.current) return;
      listener.dispose();
      resolve(host.current);
    }
    look();
  });
}
