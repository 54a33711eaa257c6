import type { StopBy } from '../../core/model/attempt.ts';
import type { EndedRecord } from '../runFolder/records.ts';

/** Who wanted the run to end, and how urgently. */
export class StopRequest {
  /** It is being stopped. A mere signal is no stop, even one that is meant to end it: the deadlines go on. */
  isUnderWay = false;
  /** Processes are no longer asked to end; they are killed. */
  isUrgent = false;
  #by: StopBy | undefined;
  /** The signal that ended it, where nobody had ordered a stop. */
  #foreignSignal: string | undefined;

  get by(): StopBy | undefined {
    return this.#by;
  }

  /** Names whoever asked first, unless the user asks later. */
  ask(by: StopBy): void {
    if (this.#by === undefined || by === 'user') this.#by = by;
  }

  /** Somebody else has signalled the guardian to end. */
  signalled(signal: string): void {
    this.#foreignSignal = signal;
  }

  /** What the records of the end say of it. */
  facts(): Pick<EndedRecord, 'stoppedBy' | 'foreignSignal'> {
    const foreignSignal = this.#by === 'shutdown' ? this.#foreignSignal : undefined;
    return { ...(this.#by && { stoppedBy: this.#by }), ...(foreignSignal && { foreignSignal }) };
  }
}
