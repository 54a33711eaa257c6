import type { LogName } from '../../src/core/model/logRequest.ts';
import type { LogCopy, LogPart, RunLogs } from '../../src/core/ports/runLogs.ts';

const LOGS = ['out', 'err'] as const;
type Texts = { [log in LogName]: string };
interface Copy extends Texts {
  readonly from: { readonly [log in LogName]: number };
  isComplete: boolean;
}

/** What runs of a machine have written, as a test has it, and copies of what those of others have. All is ASCII. */
export class FakeRunLogs implements RunLogs {
  readonly written = new Map<string, Texts>();
  readonly copies = new Map<string, Copy>();
  /** From where on only the end of a log is sent. */
  mostSent = Number.POSITIVE_INFINITY;
  /** How often a log was read. */
  reads = 0;
  /** What is to happen before a log is read; a rejection is a fault. */
  onRead: () => Promise<void> = async () => undefined;

  write(token: string, log: LogName, text: string): void {
    const texts = this.written.get(token) ?? { out: '', err: '' };
    this.written.set(token, { ...texts, [log]: texts[log] + text });
  }

  async read(token: string, log: LogName, from: number | undefined, most: number): Promise<LogPart> {
    this.reads++;
    await this.onRead();
    const text = this.written.get(token)?.[log] ?? '';
    const size = text.length;
    const at = from !== undefined && from <= size ? from : Math.max(0, size - this.mostSent);
    return { at, size, content: Buffer.from(text.slice(at, at + most)).toString('base64') };
  }

  pathsOf(token: string): Texts {
    return { out: `/copies/${token}/out`, err: `/copies/${token}/err` };
  }

  async copyOf(token: string): Promise<LogCopy | undefined> {
    const copy = this.copies.get(token);
    if (!copy) return undefined;
    const span = (log: LogName) => ({ from: copy.from[log], to: copy.from[log] + copy[log].length });
    return { held: { out: span('out'), err: span('err') }, isComplete: copy.isComplete };
  }

  async begin(token: string, from: Copy['from']): Promise<void> {
    this.copies.set(token, { from, out: '', err: '', isComplete: false });
  }

  async drop(token: string): Promise<void> {
    this.copies.delete(token);
  }

  async add(token: string, log: LogName, at: number, content: string): Promise<void> {
    const copy = this.copies.get(token);
    if (!copy) return;
    const text = Buffer.from(content, 'base64').toString();
    const begins = at - copy.from[log];
    copy[log] = copy[log].slice(0, begins) + text + copy[log].slice(begins + text.length);
  }

  async complete(token: string): Promise<void> {
    const copy = this.copies.get(token);
    if (copy) copy.isComplete = true;
  }

  /** A log was cut off by somebody. */
  cut(token: string): void {
    for (const log of LOGS)
      this.written.set(token, { ...(this.written.get(token) ?? { out: '', err: '' }), [log]: '' });
  }
}
