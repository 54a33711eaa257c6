import { openQuestions, type Question, type Replies } from '../../core/model/question.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { choicesOf, requestText } from '../../ui/questions/requestText.ts';
import { visibleLine, visibleText } from '../../ui/questions/visibleText.ts';
import { oneLine } from '../../ui/text/safeText.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { iso } from '../loopJson.ts';
import { doneSchema, questionsSchema } from '../schemas.ts';
import { type AddCommands, examples } from './command.ts';

/** Of a request, characters. */
const LONGEST_SHOWN = 4_000;

interface AnswerOptions {
  readonly question?: string;
  readonly say?: readonly string[];
}

export const addAnswer: AddCommands = (program, run) => {
  program
    .command('answer')
    .summary('answer what an agent asks')
    .description(
      'Shows what the agent of a loop asks, or answers it: allow, deny, or the id of one of its choices. ' +
        'Where it wants a decision, --say gives it, and deny leaves it to the agent. ' +
        'The first answer stands, wherever it is given.',
    )
    .argument('<id>', 'the id of a loop')
    .argument('[choice]', 'allow, deny, or the id of a choice; without it the questions are shown')
    .option('-q, --question <id>', 'which question; the only one if absent')
    .option('-s, --say <text>', 'an option, or other words; once for each decision that it wants', collect)
    .addHelpText(
      'after',
      examples(
        ['loops answer loop-1a2b3c', 'what it asks'],
        ['loops answer loop-1a2b3c allow', 'this once'],
        ['loops answer loop-1a2b3c --say "PostgreSQL"', 'a decision that it wants'],
      ),
    )
    .action(
      run(async (session, id: string, named: string | undefined, { question, say }: AnswerOptions) => {
        const supervisor = await session.supervisor();
        const { output } = session;
        const choice = named ?? (say && 'allow');
        if (choice !== undefined) {
          session.mustNotBeInside('Answering a question');
          const replies = say && (await repliesOf(supervisor, id, question, say));
          await supervisor.answer(id, {
            choice,
            ...(question !== undefined && { question }),
            ...(replies && { replies }),
          });
          await session.ensureHost();
          if (output.isJson) return output.json(doneSchema, { loops: [{ loopId: id, done: true }] });
          output.line(`${id} has its answer: ${say?.join(', ') ?? choice}`);
          return EXIT.ok;
        }
        const loop = await supervisor.find(id);
        if (!loop) throw new CallError(EXIT.notFound, `There is no loop ${id}.`);
        const open = openQuestions(loop);
        if (output.isJson) return output.json(questionsSchema, { questions: open.map(questionJson) });
        if (open.length === 0) output.progress(`${id} asks nothing.`);
        for (const one of open) {
          output.line(output.style('bold', `Question ${one.id}`));
          output.line(requestText(one.request, LONGEST_SHOWN).text);
          for (const { id: name, word } of choicesOf(one)) {
            const shown = oneLine(visibleLine(visibleText(name)), 60);
            output.line(`  ${shown.padEnd(16)} ${word}`);
          }
        }
        return EXIT.ok;
      }),
    );
};

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** One text for each inquiry; all of them for the only one. */
async function repliesOf(
  supervisor: Supervisor,
  id: string,
  question: string | undefined,
  say: readonly string[],
): Promise<Replies> {
  const loop = await supervisor.find(id);
  const open = loop ? openQuestions(loop) : [];
  const asked = question === undefined ? open[0] : open.find((one) => one.id === question);
  return asked?.request.inquiries?.length === 1 ? [say] : say.map((text) => [text]);
}

function questionJson({ id, at, request, choices }: Question) {
  const { kind, tool, title, command, paths, targets, inquiries } = request;
  return {
    ...{ id, at: iso(at), kind, tool, title: oneLine(title, 500) },
    ...(command !== undefined && { command }),
    ...(paths && { paths: [...paths] }),
    ...(targets && { targets: targets === 'unknown' ? targets : [...targets] }),
    ...(inquiries && { inquiries: inquiries.map((one) => ({ ...one, options: [...one.options] })) }),
    choices: choices.map((choice) => ({ id: choice.id, kind: choice.kind, label: oneLine(choice.label, 200) })),
  };
}
