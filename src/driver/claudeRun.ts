import { createInterface } from 'node:readline';
import type { Asker } from '../asking/asker.ts';
import type { AgentProgram } from './agentProgram.ts';
import { claudeQuestion, claudeResponse } from './claudeRequest.ts';
import { isObject, type JsonObject, objectIn, textIn } from './json.ts';

/**
 * Carries one prompt through Claude Code, whose stream goes on as it is, with its exact costs. Only what it asks for is
 * taken out, by its own protocol (`--permission-prompt-tool stdio`).
 */
export class ClaudeRun {
  readonly #agent: AgentProgram;
  readonly #asker: Asker | undefined;
  readonly #print: (line: string) => void;
  /** The open questions, by the ids of their requests. */
  readonly #asked = new Map<string, AbortController>();

  constructor(agent: AgentProgram, asker: Asker | undefined, print: (line: string) => void) {
    this.#agent = agent;
    this.#asker = asker;
    this.#print = print;
  }

  /** Resolves when its output has ended. */
  async run(prompt: string): Promise<void> {
    this.#write({ type: 'user', message: { role: 'user', content: [{ type: 'text', text: prompt }] } });
    for await (const line of createInterface({ input: this.#agent.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
      const message = messageIn(line);
      const type = textIn(message['type']);
      if (type === 'control_request') void this.#control(message);
      else if (type === 'control_cancel_request') this.#asked.get(textIn(message['request_id']))?.abort();
      else if (type !== 'control_response') this.#print(line);
      // Otherwise it would wait for another prompt.
      if (type === 'result') this.#agent.stdin.end();
    }
  }

  /**
   * The first step of a stop: what is asked is withdrawn, and the turn ends with its result and cost, which a signal
   * brings only while no question is open.
   */
  interrupt(): void {
    for (const asked of this.#asked.values()) asked.abort();
    this.#write({ type: 'control_request', request_id: 'stop', request: { subtype: 'interrupt' } });
  }

  async #control(message: JsonObject): Promise<void> {
    const id = textIn(message['request_id']);
    const request = objectIn(message['request']);
    const question = request['subtype'] === 'can_use_tool' ? claudeQuestion(request) : undefined;
    const withdrawn = new AbortController();
    this.#asked.set(id, withdrawn);
    const answer = question && (await this.#asker?.ask(question, withdrawn.signal));
    this.#asked.delete(id);
    if (withdrawn.signal.aborted) return;
    const response =
      request['subtype'] === 'can_use_tool'
        ? { subtype: 'success', request_id: id, response: claudeResponse(request, answer) }
        : { subtype: 'error', request_id: id, error: 'This request is not supported.' };
    this.#write({ type: 'control_response', response });
  }

  #write(message: JsonObject): void {
    if (this.#agent.stdin.writable) this.#agent.stdin.write(`${JSON.stringify(message)}\n`);
  }
}

/** Only a line that may be one of these is parsed: streams are long. */
function messageIn(line: string): JsonObject {
  if (!line.includes('"control_') && !line.includes('"result"')) return {};
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
