import type { LoopState } from '../../core/model/loop.ts';

/** States of loops that have ended. */
export const FINAL_STATES: readonly LoopState[] = ['completed', 'failed', 'cancelled'];
/** States of loops that own processes and occupy a slot. */
export const ACTIVE_STATES: readonly LoopState[] = ['running', 'stopping', 'checking'];
export const LIVE_STATES: readonly LoopState[] = [...ACTIVE_STATES, 'preparing', 'queued', 'backingOff', 'waiting'];
export const ALL_STATES: readonly LoopState[] = [...LIVE_STATES, ...FINAL_STATES];
