import type { Disposable } from '../../core/model/disposable.ts';
import type { Loop } from '../../core/model/loop.ts';
import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { LiveView } from '../../core/model/status.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { LogPaths } from '../transcript/attemptLog.ts';
import { sizeOf } from '../transcript/fetchedLog.ts';
import type { TreeUsage } from '../webviewHost/treeUsage.ts';
import { Coalescer } from '../window/coalescer.ts';
import { detailData } from './detailData.ts';
import type { FileRow, ToDetail } from './protocol.ts';

const PAUSE_MS = 500;
/** Between two samples of the processes (ms). */
const USAGE_MS = 2_000;

/** What a details page reads. */
export interface DetailDeps {
  detail(): Promise<LoopDetail | undefined>;
  /** What only a live loop has; undefined for others. */
  live(loop: Loop): LiveView | undefined;
  /** The output of an attempt; with `isAway` the copy of what another machine has. */
  logs(token: string, isAway: boolean): LogPaths;
  /** Whether a process is still there. */
  readonly isAlive: (process: ProcessIdentity) => boolean;
  /** Whether an agent is the demo. */
  readonly isDemo: (agent: string) => boolean;
  /** What the processes of a running attempt take. */
  usage(attempt: AttemptDetail): Promise<TreeUsage | undefined>;
  readonly clock: Clock;
  post(message: ToDetail): void;
  onError(error: unknown): void;
}

/**
 * Feeds one details page: the loop when it changes, the sizes of its files, CPU and memory while it runs. Reads nothing
 * while the page is hidden.
 */
export class DetailSession implements Disposable {
  readonly #deps: DetailDeps;
  readonly #coalescer: Coalescer;
  #begun = false;
  #visible = true;
  #sent = '';
  #files = '';
  #attempts: readonly AttemptDetail[] = [];
  #isAway = false;
  #timer: Disposable | undefined;
  #looking = false;
  /** Another look was requested after the last one began. */
  #again = false;
  /** Updates run one at a time, so that an older one never overwrites a newer one. */
  #updates: Promise<void> = Promise.resolve();

  constructor(deps: DetailDeps) {
    this.#deps = deps;
    this.#coalescer = new Coalescer(() => this.#enqueue(), PAUSE_MS, deps.clock);
  }

  /** Sends everything. */
  show(): void {
    this.#begun = true;
    this.#sent = '';
    this.#files = '';
    this.#enqueue();
  }

  /** The loop may have changed. */
  changed(): void {
    if (this.#begun && this.#visible) this.#coalescer.ask();
  }

  /** A hidden page is destroyed; when it is shown again it requests everything. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) return;
    this.#begun = false;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  dispose(): void {
    this.setVisible(false);
    this.#coalescer.dispose();
  }

  #enqueue(): void {
    this.#updates = this.#updates.then(() => this.#update());
  }

  async #update(): Promise<void> {
    if (!this.#begun || !this.#visible) return;
    try {
      const detail = await this.#deps.detail();
      if (!this.#begun || !this.#visible) return;
      if (!detail) {
        this.#deps.post({ type: 'gone', text: 'This loop is no longer in the history.' });
        return;
      }
      const data = detailData(
        detail,
        this.#deps.live(detail.loop),
        this.#deps.isAlive,
        this.#deps.isDemo(detail.loop.agent),
      );
      const text = JSON.stringify(data);
      this.#attempts = detail.attempts;
      this.#isAway = detail.machine !== undefined;
      if (text !== this.#sent) this.#deps.post({ type: 'detail', detail: data });
      this.#sent = text;
    } catch (error) {
      this.#deps.onError(error);
      return;
    }
    if (!this.#timer) void this.#look();
  }

  /** Polls what is not in the store while an attempt runs. One look at a time: no late answer follows a newer one. */
  async #look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#again && this.#begun && this.#visible) {
      this.#again = false;
      const running = this.#running();
      try {
        const [files, usage] = await Promise.all([this.#sizes(), running ? this.#deps.usage(running) : undefined]);
        // Nothing comes before the loop itself, after which a page is read anew.
        if (this.#sent === '') continue;
        this.#sendLook(files, usage);
      } catch (error) {
        this.#deps.onError(error);
      }
      // Look at the same attempt again after a pause.
      if (!this.#begun || !this.#visible || !running || running.token !== this.#running()?.token) continue;
      this.#again = false;
      this.#arm();
    }
    this.#looking = false;
  }

  #running(): AttemptDetail | undefined {
    return this.#attempts.find(({ endedAt }) => endedAt === undefined);
  }

  #arm(): void {
    this.#timer?.dispose();
    this.#timer = this.#deps.clock.after(USAGE_MS, () => {
      this.#timer = undefined;
      void this.#look();
    });
  }

  #sendLook(files: readonly FileRow[], usage: TreeUsage | undefined): void {
    if (!this.#begun || !this.#visible) return;
    const text = JSON.stringify(files);
    if (text !== this.#files) this.#deps.post({ type: 'files', files });
    this.#files = text;
    this.#deps.post({ type: 'usage', ...(usage && { usage }) });
  }

  async #sizes(): Promise<FileRow[]> {
    const isAway = this.#isAway;
    return Promise.all(
      this.#attempts.map(async ({ number, token }) => {
        const logs = this.#deps.logs(token, isAway);
        const [out, err] = [await sizeOf(logs.out), await sizeOf(logs.err)];
        const isNotHere = isAway && out === undefined && err === undefined;
        return { attempt: number, out: out ?? 0, err: err ?? 0, ...(isNotHere && { isNotHere }) };
      }),
    );
  }
}
