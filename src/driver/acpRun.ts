import { Readable, Writable } from 'node:stream';
import {
  type AnyMessage,
  client,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
  type Stream,
} from '@agentclientprotocol/sdk';
import type { Asker } from '../asking/asker.ts';
import { type Line, linesOf, type ToolCalls, turnLines } from './acpLines.ts';
import { outcomeOf, questionOf } from './acpRequest.ts';
import type { AgentProgram } from './agentProgram.ts';
import { isObject, itemsIn, type JsonObject, objectIn, textIn } from './json.ts';

/** The task of one run of an agent. */
export interface RunOptions {
  readonly prompt: string;
  readonly cwd: string;
  /** The session to go on with; absent: a new one. */
  readonly resume?: string;
  /**
   * The agent's name for the mode that decides what it may do without asking; absent: one that asks, if there is one.
   */
  readonly mode?: string;
  readonly model?: string;
}

/** A step that went wrong: `at` names it for the reader. */
class StepError extends Error {
  readonly line: Line;
  constructor(at: string, message: string, code?: unknown) {
    super(message);
    this.line = { acp: 'error', at, message, ...(typeof code === 'number' && { code }) };
  }
}

/** A session counts as loaded once it has been quiet for this long (ms), or after this long in all. */
const QUIET_MS = 300;
const LONGEST_REPLAY_MS = 10_000;

/** Marks the methods of messages that we read ourselves. */
const AS_WRITTEN = '_as-written/';

/** The mode in which agents ask, where nothing else is chosen. */
const ASKS = 'default';

/** Carries one prompt through an agent that speaks the Agent Client Protocol. */
export class AcpRun {
  readonly #options: RunOptions;
  readonly #agent: AgentProgram;
  readonly #asker: Asker | undefined;
  readonly #print: (line: Line) => void;
  readonly #calls: ToolCalls = new Map();
  readonly #withdrawn = new AbortController();
  #session = '';
  /** Replayed messages of an earlier run are not part of this one. */
  #isPrompted = false;
  #heardAt = 0;
  #notify: (method: string, params: JsonObject) => Promise<void> = async () => undefined;

  constructor(options: RunOptions, agent: AgentProgram, asker: Asker | undefined, print: (line: Line) => void) {
    this.#options = options;
    this.#agent = agent;
    this.#asker = asker;
    this.#print = print;
  }

  /** Resolves with whether the turn ended well; problems are printed. */
  async run(): Promise<boolean> {
    const toAgent = Writable.toWeb(this.#agent.stdin) as WritableStream<Uint8Array>;
    const fromAgent = Readable.toWeb(this.#agent.stdout) as ReadableStream<Uint8Array>;
    const connection = client({ name: 'loop-supervisor' })
      .onNotification('*', ({ method, params }) => this.#hear(method, objectIn(params)))
      .onRequest('*', ({ method, params }) => this.#answer(method, objectIn(params)))
      .connect(asWritten(ndJsonStream(toAgent, fromAgent)));
    this.#notify = (method, params) => connection.agent.notify(method, params);
    const gone = this.#agent.ended.then(({ how }) => {
      throw new StepError('agent', `the agent ended before its turn was over: ${how}`);
    });
    const call = async (at: string, method: string, params: JsonObject): Promise<JsonObject> => {
      const answer = connection.agent.request<unknown>(method, params).catch(async (error: unknown) => {
        // Its exit says more than the end of its connection.
        if (connection.signal.aborted) await gone;
        throw new StepError(at, reasonOf(error), objectIn(error)['code']);
      });
      return objectIn(await Promise.race([answer, gone]));
    };
    try {
      gone.catch(() => undefined);
      await this.#prompt(call);
      return true;
    } catch (error) {
      this.#print(error instanceof StepError ? error.line : { acp: 'error', at: 'driver', message: String(error) });
      return false;
    } finally {
      this.#withdrawn.abort();
      connection.close();
    }
  }

  /** The first step of a stop: tools end, and the agent reports the turn's cost. What is asked is withdrawn. */
  cancel(): void {
    this.#withdrawn.abort();
    if (this.#session !== '') void this.#notify('session/cancel', { sessionId: this.#session }).catch(() => undefined);
  }

  async #prompt(call: (at: string, method: string, params: JsonObject) => Promise<JsonObject>): Promise<void> {
    const { prompt, cwd, resume } = this.#options;
    const hello = await call('initialize', 'initialize', {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      clientInfo: { name: 'loop-supervisor', version: '1' },
    });
    if (resume !== undefined && objectIn(hello['agentCapabilities'])['loadSession'] !== true)
      throw new StepError('load', 'the agent cannot load a session');
    const session =
      resume === undefined
        ? await call('session', 'session/new', { cwd, mcpServers: [] })
        : await call('load', 'session/load', { sessionId: resume, cwd, mcpServers: [] });
    this.#session = resume ?? textIn(session['sessionId']);
    const { name, version } = objectIn(hello['agentInfo']);
    this.#print({ acp: 'session', id: this.#session, agent: textIn(name), version: textIn(version) });
    if (resume !== undefined) await this.#replayed();
    await this.#choose('mode', session, call);
    await this.#choose('model', session, call);
    this.#isPrompted = true;
    const turn = call('prompt', 'session/prompt', {
      sessionId: this.#session,
      prompt: [{ type: 'text', text: prompt }],
    });
    if (this.#withdrawn.signal.aborted) this.cancel();
    for (const line of turnLines(await turn)) this.#print(line);
  }

  /** Waits until the agent has replayed its history: some go on replaying after they have replied. */
  async #replayed(): Promise<void> {
    const since = performance.now();
    this.#heardAt = since;
    for (let now = since; now - this.#heardAt < QUIET_MS && now - since < LONGEST_REPLAY_MS; now = performance.now())
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** Sets the mode or the model, in whichever way the agent offers. One that it lacks is an error. */
  async #choose(
    what: 'mode' | 'model',
    session: JsonObject,
    call: (at: string, method: string, params: JsonObject) => Promise<JsonObject>,
  ): Promise<void> {
    const wanted = this.#options[what] ?? (what === 'mode' ? ASKS : undefined);
    if (wanted === undefined) return;
    const sessionId = this.#session;
    const offered = objectIn(session[`${what}s`]);
    const ids = itemsIn(offered[what === 'mode' ? 'availableModes' : 'availableModels']).map((one) =>
      textIn(objectIn(one)[what === 'mode' ? 'id' : 'modelId']),
    );
    const option = itemsIn(session['configOptions'])
      .map(objectIn)
      .find(({ category }) => category === what);
    const values = itemsIn(option?.['options']).map((one) => textIn(objectIn(one)['value']));
    const value = values.find((one) => one === wanted || one.endsWith(`#${wanted}`));
    if (ids.includes(wanted)) await call(what, `session/set_${what}`, { sessionId, [`${what}Id`]: wanted });
    else if (value !== undefined)
      await call(what, 'session/set_config_option', { sessionId, configId: textIn(option?.['id']), value });
    else if (this.#options[what] !== undefined) {
      const known = [...ids, ...values].slice(0, 12).join(', ') || 'none';
      throw new StepError(what, `the agent has no ${what} "${wanted}"; it offers: ${known}`);
    }
  }

  #hear(method: string, params: JsonObject): void {
    this.#heardAt = performance.now();
    if (method === '_auth/status_update') this.#pays(objectIn(params['authStatus']));
    if (method !== `${AS_WRITTEN}session/update` || !this.#isPrompted) return;
    for (const line of linesOf(objectIn(params['update']), this.#calls)) this.#print(line);
  }

  #answer(method: string, params: JsonObject): Promise<JsonObject> {
    if (method === `${AS_WRITTEN}session/request_permission`) return this.#ask(params);
    throw RequestError.methodNotFound(method);
  }

  #pays({ kind, detail }: JsonObject): void {
    this.#print({ acp: 'account', kind: textIn(kind), detail: textIn(detail) });
  }

  async #ask(params: JsonObject): Promise<JsonObject> {
    const question = questionOf(params, this.#calls);
    if (!question || !this.#asker) return { outcome: { outcome: 'cancelled' } };
    const answer = await this.#asker.ask(question, this.#withdrawn.signal);
    if (answer?.allow === false) this.#print({ acp: 'denied', tool: question.request.tool });
    return { outcome: outcomeOf(answer, question) };
  }
}

/**
 * Lets us read session messages ourselves: under their own names the SDK would refuse any with a field that its version
 * of the protocol does not know. JSON that is not a message is dropped: the SDK would break off at it.
 */
function asWritten({ readable, writable }: Stream): Stream {
  const rename = new TransformStream<AnyMessage, AnyMessage>({
    transform(message, controller) {
      if (!isMessage(message)) return;
      const isSession = 'method' in message && message.method.startsWith('session/');
      controller.enqueue(isSession ? { ...message, method: AS_WRITTEN + message.method } : message);
    },
  });
  return { readable: readable.pipeThrough(rename), writable };
}

/** Whether it calls a method, or answers a call. */
function isMessage(value: unknown): boolean {
  return isObject(value) && ('method' in value ? typeof value['method'] === 'string' : 'id' in value);
}

/** An agent's message about an error, with the details that some add. */
function reasonOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const { details } = objectIn(objectIn(error)['data']);
  return typeof details === 'string' && !said.includes(details) ? `${said}: ${details}` : said;
}
