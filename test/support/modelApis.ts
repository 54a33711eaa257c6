import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = { readonly [key: string]: unknown };

/**
 * What a model does next: it calls the shell once with a command and then says it is done, only says so, or leaves a
 * decision to its user first, where the agent has a tool for that.
 */
export type Behaviour = { readonly command: string } | 'decision' | 'text';

/** The input of Claude Code's tool for decisions. */
const DECISION = {
  questions: [
    {
      ...{ question: 'Which database should we use?', header: 'Database', multiSelect: false },
      options: [
        { label: 'SQLite', description: 'One file' },
        { label: 'PostgreSQL', description: 'A server' },
      ],
    },
  ],
};
const DECISION_TOOL = 'AskUserQuestion';

/** What it says at its end. */
export const SAID = 'The answer is 42. All tasks in the plan are done.';
const CACHED = 14_000;
const FRESH = 1_512;
const OUTPUT = 42;

/**
 * The APIs of models on loopback, for the real programs of agents: Anthropic's messages, OpenAI's responses and chat
 * completions, Google's generateContent. Each name has an address and a behaviour of its own.
 */
export class ModelApis {
  readonly #server: Server;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #heard = new Map<string, string>();
  #ids = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<ModelApis> {
    const apis = new ModelApis();
    await new Promise<void>((resolve) => apis.#server.listen(0, '127.0.0.1', resolve));
    return apis;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The address for `name`; OpenAI's clients want `/v1` after it. */
  url(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`;
  }

  /** What models behind that address do from now on. */
  behave(name: string, behaviour: Behaviour): void {
    this.#behaviours.set(name, behaviour);
  }

  /** The last request of that name that came with tools, as its text. */
  heard(name: string): string {
    return this.#heard.get(name) ?? '';
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, name = '', path = ''] = /^\/([^/?]+)([^?]*)/.exec(request.url ?? '') ?? [];
    const text = Buffer.concat(chunks).toString();
    if (text.includes('"tools"')) this.#heard.set(name, text);
    const answer = new Answer(response, parsed(text), this.#behaviours.get(name), () =>
      String(++this.#ids).padStart(8, '0'),
    );
    if (/count_?tokens/i.test(path)) answer.json({ input_tokens: CACHED, totalTokens: CACHED });
    else if (path.endsWith('/messages')) answer.messages();
    else if (path.endsWith('/responses')) answer.responses();
    else if (path.endsWith('/chat/completions')) answer.chat();
    else if (/generateContent$/i.test(path)) answer.generate(/stream/i.test(path));
    else answer.json({ error: { message: `not found: ${path}` } }, 404);
  }
}

/** One answer of one API. */
class Answer {
  readonly #response: ServerResponse;
  readonly #body: Json;
  readonly #tools: readonly string[];
  readonly #behaviour: Behaviour;
  readonly #newId: () => string;

  constructor(response: ServerResponse, body: Json, behaviour: Behaviour = 'text', newId: () => string) {
    this.#response = response;
    this.#body = body;
    this.#behaviour = behaviour;
    this.#newId = newId;
    this.#tools = list(body['tools']).flatMap((tool) => {
      const functions = list(tool['functionDeclarations']);
      const named = tool['name'] ?? object(tool['function'])['name'] ?? tool['type'];
      return functions.length > 0 ? functions.map((one) => String(one['name'])) : [String(named)];
    });
  }

  json(value: Json, status = 200): void {
    this.#response.writeHead(status, { 'content-type': 'application/json' });
    this.#response.end(JSON.stringify(value));
  }

  messages(): void {
    const said = list(this.#body['messages']).flatMap((message) => list(message['content']));
    const isCalled = said.some(({ type }) => type === 'tool_result');
    const command = this.#command(isCalled);
    const shell = command === undefined ? undefined : { name: this.#shell(), input: { command, description: 'Work' } };
    const call = shell ?? this.#decision(isCalled);
    const content = call
      ? [{ type: 'tool_use', id: `toolu_${this.#newId()}`, ...call }]
      : [{ type: 'text', text: SAID }];
    const usage = { input_tokens: FRESH, cache_creation_input_tokens: 0, cache_read_input_tokens: CACHED };
    const stop_reason = call ? 'tool_use' : 'end_turn';
    const message = {
      ...{ id: `msg_${this.#newId()}`, type: 'message', role: 'assistant', model: this.#body['model'] },
      ...{ stop_reason, stop_sequence: null, usage: { ...usage, output_tokens: OUTPUT } },
    };
    if (!this.#body['stream']) {
      this.json({ ...message, content });
      return;
    }
    const event = (type: string, more: Json) => this.#event({ type, ...more }, type);
    event('message_start', { message: { ...message, content: [], stop_reason: null } });
    const [part] = content;
    const isText = call === undefined;
    event('content_block_start', { index: 0, content_block: { ...part, ...(isText ? { text: '' } : { input: {} }) } });
    const partial_json = JSON.stringify(call?.input);
    const delta = isText ? { type: 'text_delta', text: SAID } : { type: 'input_json_delta', partial_json };
    event('content_block_delta', { index: 0, delta });
    event('content_block_stop', { index: 0 });
    event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: OUTPUT } });
    event('message_stop', {});
    this.#response.end();
  }

  responses(): void {
    const command = this.#command(list(this.#body['input']).some(({ type }) => /_output$/.test(String(type))));
    const id = `resp_${this.#newId()}`;
    const item = command === undefined ? this.#said() : this.#called(command);
    const usage = {
      ...{ input_tokens: FRESH + CACHED, input_tokens_details: { cached_tokens: CACHED } },
      ...{
        output_tokens: OUTPUT,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: FRESH + CACHED + OUTPUT,
      },
    };
    const event = (type: string, more: Json) => this.#event({ type, ...more }, type);
    event('response.created', { response: { id, object: 'response', status: 'in_progress', output: [] } });
    event('response.output_item.added', { output_index: 0, item });
    event('response.output_item.done', { output_index: 0, item });
    event('response.completed', { response: { id, object: 'response', status: 'completed', output: [item], usage } });
    this.#response.end();
  }

  chat(): void {
    const command = this.#command(list(this.#body['messages']).some(({ role }) => role === 'tool'));
    const usage = {
      ...{ prompt_tokens: FRESH + CACHED, completion_tokens: OUTPUT, total_tokens: FRESH + CACHED + OUTPUT },
      prompt_tokens_details: { cached_tokens: CACHED },
    };
    const id = `chatcmpl-${this.#newId()}`;
    const named = { name: this.#shell(), arguments: JSON.stringify({ command, description: 'Work' }) };
    const calls = [{ index: 0, id: `call_${this.#newId()}`, type: 'function', function: named }];
    const said = command === undefined ? { content: SAID } : { content: null, tool_calls: calls };
    const finish_reason = command === undefined ? 'stop' : 'tool_calls';
    const base = { id, created: 1_760_000_000, model: this.#body['model'] };
    if (!this.#body['stream']) {
      const choices = [{ index: 0, message: { role: 'assistant', ...said }, finish_reason }];
      this.json({ ...base, object: 'chat.completion', choices, usage });
      return;
    }
    const chunk = (choices: readonly Json[], more: Json = {}) =>
      this.#event({ ...base, object: 'chat.completion.chunk', choices, ...more });
    chunk([{ index: 0, delta: { role: 'assistant', ...said }, finish_reason: null }]);
    chunk([{ index: 0, delta: {}, finish_reason }]);
    chunk([], { usage });
    this.#response.end('data: [DONE]\n\n');
  }

  generate(streams: boolean): void {
    const parts = list(this.#body['contents']).flatMap((content) => list(content['parts']));
    const command = this.#command(parts.some((part) => part['functionResponse'] !== undefined));
    const config = object(this.#body['generationConfig']);
    const wantsJson = config['responseMimeType'] === 'application/json' || config['responseJsonSchema'] !== undefined;
    const said = wantsJson ? { text: JSON.stringify({ reasoning: 'none', next_speaker: 'user' }) } : { text: SAID };
    const called = { functionCall: { name: this.#shell(), args: { command, description: 'Work' } } };
    const answer = {
      candidates: [
        {
          content: { role: 'model', parts: [command === undefined ? said : called] },
          ...{ index: 0, finishReason: 'STOP' },
        },
      ],
      usageMetadata: {
        ...{ promptTokenCount: FRESH + CACHED, candidatesTokenCount: OUTPUT, cachedContentTokenCount: CACHED },
        totalTokenCount: FRESH + CACHED + OUTPUT,
      },
    };
    if (!streams) {
      this.json(answer);
      return;
    }
    this.#event(answer);
    this.#response.end();
  }

  /** The command to call; undefined where there is none, it was called already, or the request brings no shell. */
  #command(isCalled: boolean): string | undefined {
    if (isCalled || this.#tools.length === 0 || typeof this.#behaviour === 'string') return undefined;
    return this.#behaviour.command;
  }

  #decision(isCalled: boolean): { readonly name: string; readonly input: Json } | undefined {
    if (isCalled || this.#behaviour !== 'decision' || !this.#tools.includes(DECISION_TOOL)) return undefined;
    return { name: DECISION_TOOL, input: DECISION };
  }

  /** The name of the agent's own shell tool. */
  #shell(): string {
    const known = ['Bash', 'shell_command', 'exec_command', 'shell', 'local_shell', 'bash', 'run_shell_command'];
    return known.find((one) => this.#tools.includes(one)) ?? this.#tools[0] ?? 'bash';
  }

  #said(): Json {
    const content = [{ type: 'output_text', text: SAID, annotations: [] }];
    return { type: 'message', id: `msg_${this.#newId()}`, role: 'assistant', status: 'completed', content };
  }

  #called(command: string): Json {
    const name = this.#shell();
    const ids = { id: `fc_${this.#newId()}`, call_id: `call_${this.#newId()}`, status: 'completed' };
    // Codex may offer a tool that runs JavaScript in place of its shell.
    if (name === this.#tools[0] && this.#tools.includes('exec')) {
      const input = `const r = await tools.exec_command({cmd: ${JSON.stringify(command)}}); text(r.output);`;
      return { type: 'custom_tool_call', ...ids, name: 'exec', input };
    }
    const asked = name === 'exec_command' ? { cmd: command } : { command, description: 'Work' };
    const given = name === 'shell' ? { command: ['bash', '-lc', command] } : asked;
    return { type: 'function_call', ...ids, name, arguments: JSON.stringify(given) };
  }

  #event(data: Json, name?: string): void {
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
  }
}

function parsed(text: string): Json {
  try {
    return object(JSON.parse(text));
  } catch {
    return {};
  }
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}
