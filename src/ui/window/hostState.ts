import type { Supervisor } from '../../core/supervisor.ts';

/** The lifecycle of this window's supervisor. */
export type HostState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'untrusted' }
  /** `trouble`: the store is unusable at present, and opening waits for it. */
  | { readonly kind: 'opening'; readonly trouble?: Error }
  /** `trouble`: the store is unusable at present. */
  | { readonly kind: 'ready'; readonly supervisor: Supervisor; readonly trouble?: Error }
  | { readonly kind: 'broken'; readonly error: Error }
  | { readonly kind: 'closed' };

const OPENING = 'Loop Supervisor is still opening its store. Try again in a moment.';
/** Why nothing runs in Restricted Mode. */
export const UNTRUSTED = 'Loop Supervisor runs no agents in an untrusted workspace. Trust this workspace to continue.';

/** Why the supervisor is not ready; undefined if it is. */
export function notReadyReason(state: HostState): string | undefined {
  switch (state.kind) {
    case 'ready':
      return state.trouble?.message;
    case 'untrusted':
      return UNTRUSTED;
    case 'broken':
      return state.error.message;
    case 'closed':
      return 'Loop Supervisor has closed in this window. Reload the window to go on.';
    case 'opening':
      return state.trouble?.message ?? OPENING;
    default:
      return OPENING;
  }
}

/** The state with the trouble of its store, if there is any. */
export function withTrouble<T extends HostState>(state: T, trouble: Error | undefined): T {
  return trouble ? { ...state, trouble } : state;
}
