import assert from 'node:assert/strict';
import { Lexer, type Token } from 'marked';
import { createCatalog } from '../../src/agents/catalog.ts';
import { InvalidLoopError } from '../../src/core/model/errors.ts';
import { errorText } from '../../src/ui/commands/errorActions.ts';
import { noticeOf } from '../../src/ui/notifications/notificationTexts.ts';
import { codeBlock, escapeMarkdown, inlineCode, oneLine } from '../../src/ui/text/safeText.ts';
import { promptItem } from '../../src/ui/transcript/attemptLog.ts';
import { ItemFold } from '../../src/ui/transcript/itemFold.ts';
import { resolveLink } from '../../src/ui/transcript/resolveLink.ts';
import { cleanText } from '../../src/ui/webviewHost/cleanText.ts';
import { pageHtml } from '../../src/ui/webviewHost/page.ts';

/** Prompts and agent output that try to do something when they are shown. */
const HOSTILE: readonly string[] = [
  '\u001b[2J\u001b[31mred\u001b[0m',
  '\u001b]8;;command:workbench.action.terminal.new\u0007click\u001b]8;;\u0007',
  '\u001b]52;c;cm0gLXJm\u0007',
  '\u009b31m',
  '[run](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%22%7D)',
  '![beacon](https://example.com/x.png)',
  '<img src="https://example.com/x.png" onerror="alert(1)">',
  '<script>alert(1)</script>',
  '<a href="command:loopSupervisor.stopAll">x</a>',
  '`` ` ``` ~~~\n```\n[x](command:x)\n```',
  '$(flame) $(sync~spin)',
  '&lt;b&gt; &#60;script&#62;',
  'user\u202egnp.exe',
  '| a | b |\n|---|---|\n| <b>x</b> | [y](command:z) |',
  '[ref]\n\n[ref]: command:x',
  'https://example.com/ javascript:alert(1) vbscript:x',
  '\r\nHTTP/1.1 200\r\n',
  '\u0000\u0007\u0008\u000b\u000c\u007f\u0085',
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be gone.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** What VS Code makes a link of in a notification, as its own parser has it. */
const LINKED = /\[[^\]]+\]\((?:https?:\/\/|command:|file:)[^)\s]+/i;

/** All tokens of Markdown text that would do more than show letters. */
function acting(markdown: string): string[] {
  const found: string[] = [];
  const visit = (tokens: readonly Token[]) => {
    for (const token of tokens) {
      if (['link', 'image', 'html', 'def', 'table', 'heading'].includes(token.type))
        found.push(`${token.type}: ${token.raw}`);
      if ('tokens' in token && token.tokens) visit(token.tokens);
    }
  };
  visit(new Lexer().lex(markdown));
  return found;
}

describe('Foreign text when it is shown', () => {
  for (const text of HOSTILE) {
    const named = JSON.stringify(text).slice(0, 50);

    it(`R10.1 a notification makes no link of ${named}`, () => {
      const errors = [new InvalidLoopError('cwd', `"${text}" is not an existing folder`), new Error(text)];
      const event = { type: 'loop:failed', at: 0, host: 'w', loopId: 'a', error: text, permanent: true } as const;
      const completed = { type: 'loop:completed', at: 0, host: 'w', loopId: 'a', costUsd: 0 } as const;
      const asking = { type: 'loop:asking', at: 0, host: 'w', loopId: 'a', question: 'q', asks: text } as const;
      const notices = [
        noticeOf('question', [asking], () => text, 0),
        noticeOf('failure', [{ ...event, reason: 'exit' }], () => text, 0),
        noticeOf(
          'completion',
          [completed],
          () => text,
          0,
          () => ({ proof: text, words: text }),
        ),
        noticeOf('completion', [completed, { ...completed, loopId: 'b' }], () => text, 0),
      ];
      for (const shown of [
        ...notices.map((notice) => notice?.message ?? ''),
        ...errors.map((error) => errorText(error, 0)),
      ])
        assert.ok(!LINKED.test(shown), shown);
    });

    it(`R10.1 in tooltips and status bar nothing of ${named} is Markdown`, () => {
      assert.deepEqual(acting(`Prompt ${inlineCode(text)} ends.`), [], 'as inline code');
      assert.deepEqual(acting(`Before\n\n${codeBlock(text, { language: 'text' })}\n\nafter`), [], 'as a code block');
      assert.deepEqual(acting(`Reason: ${escapeMarkdown(text)} ends.`), [], 'as escaped text');
      assert.ok(!/\$\([a-z]/.test(escapeMarkdown(text)), 'no icon');
    });

    it(`R8.2 in tree, transcript and prompt nothing of ${named} controls a terminal or turns text around`, () => {
      const line = oneLine(text);
      assert.ok(!CONTROL.test(line) && !line.includes('\n'), 'in one line');
      assert.ok(!CONTROL.test(cleanText(text)), 'in several lines');
      assert.ok(!CONTROL.test(JSON.stringify(promptItem(text)).replaceAll('\\n', '')), 'as the prompt');
    });

    it(`R8.2 what claude says in a text, a tool call and a result shows nothing of ${named} as control`, () => {
      const profile = createCatalog({
        agents: undefined,
        prices: undefined,
        sample: { command: 'node', args: [], env: {} },
        driver: { command: '/node', args: ['/driver.cjs'], env: { ELECTRON_RUN_AS_NODE: '1' } },
        platform: 'linux',
      }).catalog.find('claude');
      const reader = profile?.reader();
      const fold = new ItemFold({ attempt: 1, plain: false, midway: false, now: 0 });
      const lines = [
        { type: 'assistant', message: { id: 'm', content: [{ type: 'text', text: `It says ${text}` }] } },
        {
          type: 'assistant',
          message: {
            id: 'n',
            content: [{ type: 'tool_use', id: 't', name: text, input: { command: text, file_path: text } }],
          },
        },
        { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't', content: text }] } },
        { type: 'result', subtype: 'error', is_error: true, result: text, errors: [text] },
      ];
      let at = 0;
      for (const each of lines) {
        const line = JSON.stringify(each);
        fold.push(
          { from: at, to: at + line.length, text: line, cut: false } as Parameters<ItemFold['push']>[0],
          reader?.line(line) ?? [],
        );
        at += line.length;
      }
      const items = fold.take();
      assert.ok(items.length >= 3, `only ${items.length} items are shown`);
      const strings: string[] = [];
      JSON.stringify(items, (_, value) => {
        if (typeof value === 'string') strings.push(value);
        return value;
      });
      assert.deepEqual(
        strings.filter((shown) => CONTROL.test(shown)),
        [],
      );
    });
  }

  it('R10.1 the pages of webviews allow nothing but their own script and style sheet', () => {
    const page = pageHtml({
      cspSource: 'https://own',
      nonce: 'n0nce',
      script: 'https://own/main.js',
      style: 'https://own/main.css',
      title: '</title><script>alert(1)</script>',
    });
    const policy =
      /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1]?.replaceAll('&#39;', "'") ?? '';
    const rules = Object.fromEntries(
      policy.split('; ').map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]),
    );
    assert.equal(rules['default-src'], "'none'");
    assert.equal(rules['script-src'], "'nonce-n0nce'");
    assert.ok(!/unsafe|\*|data:|https?:(?!\/\/own)/.test(policy), policy);
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.deepEqual(Object.keys(rules).sort(), ['base-uri', 'default-src', 'form-action', 'script-src', 'style-src']);
  });

  it('R10.1 a link in agent output opens regular files only, and no network share', async () => {
    for (const path of [
      '',
      '\0',
      '//server/share/x',
      '\\\\server\\share',
      '/dev/null',
      '/dev/zero',
      '/',
      '.',
      'x'.repeat(2_000),
      'command:x',
      'https://example.com',
    ]) {
      await assert.rejects(resolveLink(path, '/'), /There is no file|not the path/, JSON.stringify(path.slice(0, 40)));
    }
  });
});
