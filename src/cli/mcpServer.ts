import { finished } from 'node:stream/promises';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { TOOLS, type ToolDeps } from '../ui/languageModelTools/toolAnswers.ts';
import { BoundedLines } from './boundedLines.ts';

/** A tool as package.json declares it for chat models. */
export interface DeclaredTool {
  readonly name: string;
  readonly displayName: string;
  readonly modelDescription: string;
  readonly inputSchema: object;
}

export interface McpOptions {
  readonly version: string;
  /** What package.json declares: MCP and chat models get the same tools. */
  readonly declared: readonly DeclaredTool[];
  readonly deps: ToolDeps;
  /** Throws if the caller may not use that tool (R15.4). */
  mayUse(tool: string): void;
}

/** A prompt of 10 MiB (R1.4), each of whose bytes may take six in JSON. */
const LONGEST_MESSAGE_BYTES = 64 * 1024 * 1024;

const KILL = 'loopSupervisor_killProcess';
const SUBMIT = 'loopSupervisor_submitLoop';

/**
 * Serves the tools to an MCP client on standard input and output (R15.4). Resolves when the client has gone; rejects
 * with an error that says why, where its input breaks.
 */
export async function serveMcp({ version, declared, deps, mayUse }: McpOptions): Promise<void> {
  const tools = new Map(declared.map((tool) => [mcpName(tool.name), tool]));
  const server = new Server(
    { name: 'loop-supervisor', title: 'Loop Supervisor', version },
    {
      capabilities: { tools: {} },
      instructions:
        'Hands work to supervised coding agents: submit a loop, then read its history by its loop id. ' +
        'Amounts are USD, times ISO 8601.',
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [...tools].map(([name, { displayName, modelDescription, inputSchema, name: id }]) => ({
      name,
      title: displayName,
      description: modelDescription,
      inputSchema: inputSchema as { type: 'object' },
      annotations: {
        title: displayName,
        readOnlyHint: id !== KILL && id !== SUBMIT,
        destructiveHint: id === KILL,
        idempotentHint: id !== SUBMIT,
        openWorldHint: id === SUBMIT,
      },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    try {
      const id = tools.get(params.name)?.name;
      const tool = id === undefined ? undefined : TOOLS[id];
      if (id === undefined || !tool) throw new Error(`There is no tool ${params.name}.`);
      mayUse(id);
      const answer = await tool.answer(deps, params.arguments);
      return {
        content: [{ type: 'text', text: JSON.stringify(answer) }],
        structuredContent: answer as Record<string, unknown>,
      };
    } catch (error) {
      // The model reads it and can correct itself.
      return {
        content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }],
        isError: true,
      };
    }
  });
  server.onerror = (error) => process.stderr.write(`loops mcp: a message could not be read: ${error.message}\n`);
  const lines = new BoundedLines(LONGEST_MESSAGE_BYTES, () => {
    const message = `The message is longer than ${LONGEST_MESSAGE_BYTES} bytes, and was not read.`;
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message } })}\n`);
  });
  await server.connect(new StdioServerTransport(lines, process.stdout, { maxBufferSize: 2 * LONGEST_MESSAGE_BYTES }));
  process.stdin.pipe(lines);
  try {
    await finished(process.stdin, { writable: false });
  } catch (error) {
    throw new Error(`The input of loops mcp cannot be read: ${(error as Error).message}.`, { cause: error });
  } finally {
    await server.close();
  }
}

/** `loopSupervisor_submitLoop` is `submit_loop` here. */
function mcpName(name: string): string {
  return name.replace(/^loopSupervisor_/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
