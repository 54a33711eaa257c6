import type { LoopSupervisorApi } from '../../api.ts';
import { frozenCopy } from '../../core/model/copy.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** The API, usable before the supervisor is ready. */
export function createApi(host: SupervisorHost): LoopSupervisorApi {
  return {
    submit: (spec) => host.submit(spec),
    cancel: async (loopId) => (await host.ready()).cancel(loopId),
    killProcessGroup: async (loopId, signal) => (await host.ready()).killProcessGroup(loopId, signal),
    status: () => frozenCopy(host.status()),
    get: async (loopId) => (await host.ready()).get(loopId),
    recordCost: async (loopId, usd, key) => (await host.ready()).recordCost(loopId, usd, key),
    answer: async (loopId, given) => (await host.ready()).answer(loopId, given),
    resetCircuit: async (account) => (await host.ready()).resetCircuit(account),
    accounts: () => frozenCopy(host.status().accounts),
    tryNow: async (account) => (await host.ready()).tryNow(account),
    hold: async (account, until) => (await host.ready()).hold(account, until),
    retry: async (loopId, options) => (await host.ready()).retry(loopId, options),
    reviewChanges: async (loopId, query) => {
      const workTrees = await (await host.ready()).workTrees();
      return frozenCopy(await workTrees.review(loopId, query));
    },
    bringHome: async (loopId, way) => {
      const workTrees = await (await host.ready()).workTrees();
      const { meets } = await workTrees.preview({ loopId }, way);
      if (meets.kind === 'conflicts' || meets.kind === 'nothing') return meets;
      if (meets.kind === 'blocked') return { kind: 'refused', message: meets.message };
      return (await workTrees.bringHome({ loopId }, way)).result;
    },
    continueWith: async (loopId, prompt) => (await host.ready()).continueWith(loopId, prompt),
    continueLoop: async (loopId, options) => (await host.ready()).continueLoop(loopId, options),
    pause: async () => (await host.ready()).pause(),
    resume: async () => (await host.ready()).resume(),
    shutdown: async (timeoutMs) => (await host.ready()).shutdown(timeoutMs),
    onDidChange: host.onDidChange,
    onEvent: host.onEvent,
  };
}
