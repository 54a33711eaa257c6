import type { AgentEvent, AgentReader, ProcessExit } from '../../src/core/model/agentEvent.ts';
import type { AgentCatalog } from '../../src/core/ports/agents.ts';
import type { AgentLauncher, LaunchRequest, RunObserver, RunOutput } from '../../src/core/ports/launcher.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { LineSplitter } from '../../src/process/follow/lineSplitter.ts';
import { wrongIn } from './eventCheck.ts';
import { IDLE_RUN, memorySupervisor, NO_PROCESSES } from './memorySupervisor.ts';

/** The output of one attempt, and how it comes. */
export interface Play {
  readonly bytes: Buffer;
  readonly piece: number;
  readonly stderr: string;
  readonly report?: string | undefined;
  readonly exit: ProcessExit;
  readonly handOver?: number | undefined;
}

/**
 * So many turns of the event loop an attempt may need to be settled: far fewer are needed, and one that is tried again
 * each second needs more.
 */
const TURNS = 2_000;
/** A new supervisor after so many loops, that its memory stays small. */
const LOOPS_EACH = 500;
/** Reading this little must not take so long (ms), whatever it is and however busy the machine. */
const HANGS_MS = 20_000;

/** A supervisor on a store in memory, whose attempts play what they are given. */
export class StreamBench {
  readonly #agents: AgentCatalog;
  readonly #logged: string[] = [];
  #store: Store | undefined;
  #supervisor: Supervisor | undefined;
  #loops = 0;
  #play: Play | undefined;
  #wrong: string | undefined;

  constructor(agents: AgentCatalog) {
    this.#agents = agents;
  }

  /** Plays one attempt to its end; answers what went wrong, or undefined. */
  async play(agent: string, play: Play): Promise<string | undefined> {
    const supervisor = await this.#ready();
    this.#play = play;
    this.#wrong = undefined;
    const loopId = `loop${++this.#loops}`;
    const begun = performance.now();
    await supervisor.submit({ loopId, prompt: 'work', agent, estimatedCostUsd: 0.01 });
    for (let unit = 0; unit < TURNS && (await supervisor.get(loopId))?.attempts.at(-1)?.endedAt === undefined; unit++)
      await new Promise(setImmediate);
    const detail = await supervisor.get(loopId);
    const attempt = detail?.attempts.at(-1);
    const logged = this.#logged.splice(0);
    if (this.#wrong !== undefined) return this.#wrong;
    const failure = logged.find((line) => !line.includes('was refused'));
    if (failure !== undefined) return `it was logged: ${failure}`;
    if (attempt?.endedAt === undefined) return `the attempt was not settled: ${JSON.stringify(detail).slice(0, 500)}`;
    if (!attempt.reason?.trim()) return 'the attempt ended without a reason';
    if (performance.now() - begun > HANGS_MS) return `it took ${Math.round(performance.now() - begun)} ms`;
    // An agent on hold would keep the next loop from its start.
    if (detail?.state !== 'completed' && detail?.state !== 'failed') await this.close();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#supervisor?.release();
    this.#store?.close();
    this.#supervisor = undefined;
    this.#loops = 0;
  }

  async #ready(): Promise<Supervisor> {
    if (this.#supervisor && this.#loops < LOOPS_EACH) return this.#supervisor;
    await this.close();
    const log = (message: string, error?: unknown) =>
      void this.#logged.push(`${message} ${error === undefined ? '' : String(error)}`);
    const { store, supervisor } = memorySupervisor(this.#launcher, this.#agents, log);
    this.#store = store;
    this.#supervisor = supervisor;
    await supervisor.start();
    return supervisor;
  }

  readonly #launcher: AgentLauncher = {
    ...NO_PROCESSES,
    launch: (request, observer) => {
      queueMicrotask(async () => {
        try {
          await this.#playTo(request, observer);
        } catch (error) {
          this.#wrong ??= `a reader threw ${error instanceof Error ? error.stack : String(error)}`;
        }
      });
      return IDLE_RUN;
    },
  };

  async #playTo(request: LaunchRequest, observer: RunObserver): Promise<void> {
    const { bytes, piece, stderr, report, exit, handOver } = this.#play as Play;
    const splitter = new LineSplitter();
    let reader = request.reader;
    let told = 0;
    let changeAt = handOver === undefined ? Number.POSITIVE_INFINITY : handOver * bytes.length;
    const say = (events: readonly AgentEvent[], to: number): RunOutput => {
      for (const event of events) {
        const wrong = wrongIn(event);
        if (wrong !== undefined) this.#wrong ??= `a reader answered ${wrong}`;
      }
      const output = { from: told, to, events, readerState: reader.state() };
      told = to;
      return output;
    };
    for (let from = 0; from < bytes.length; from += piece) {
      for (const { lines, bytes: taken } of splitter.take(bytes.subarray(from, from + piece))) {
        observer.output(
          say(
            lines.flatMap((line) => reader.line(line)),
            told + taken,
          ),
        );
        if (told < changeAt) continue;
        changeAt = Number.POSITIVE_INFINITY;
        reader = await this.#another(request, reader);
      }
    }
    const rest = splitter.rest();
    const events = [...(rest?.lines ?? []).flatMap((line) => reader.line(line)), ...reader.end(exit, stderr, report)];
    const last = say(events, told + (rest?.bytes ?? 0));
    observer.ended({
      ...{ kind: 'exited', exit, at: Date.now(), swept: [], kept: [], remaining: [], hadOutput: bytes.length > 0 },
      ...{ errorLine: stderr.split('\n').at(-1) ?? '', last },
    });
  }

  /** As another window makes it from what is stored. */
  async #another(request: LaunchRequest, reader: AgentReader): Promise<AgentReader> {
    const agent = (await this.#supervisor?.get(request.loopId))?.loop.agent ?? '';
    return this.#agents.find(agent)?.reader(JSON.parse(JSON.stringify(reader.state()))) ?? reader;
  }
}
