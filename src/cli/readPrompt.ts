import type { Readable } from 'node:stream';
import { LONGEST_PROMPT_BYTES } from '../core/model/loopSpec.ts';
import { CallError, EXIT } from './exitCodes.ts';

/**
 * Reads a prompt to its end, but no more than a prompt may have (R1.4): a device or a program that never ends is
 * refused, too. `from` names the source. Rejects with a `CallError` that says what is too long or cannot be read.
 */
export async function readPrompt(stream: Readable, from: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > LONGEST_PROMPT_BYTES) break;
    }
  } catch (error) {
    throw new CallError(EXIT.usage, `The prompt was not read from ${from}: ${(error as Error).message}.`);
  }
  if (length > LONGEST_PROMPT_BYTES)
    throw new CallError(
      EXIT.usage,
      `The loop was not submitted: the prompt in ${from} is longer than 10 MiB. ` +
        'Name a file with the text in the prompt.',
    );
  return Buffer.concat(chunks).toString('utf8');
}
