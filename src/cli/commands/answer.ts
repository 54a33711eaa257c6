import { openQuestions, type Question } from '../../core/model/question.ts';
import { choicesOf, requestText } from '../../ui/questions/requestText.ts';
import { oneLine } from '../../ui/text/safeText.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { iso } from '../loopJson.ts';
import { doneSchema, questionsSchema } from '../schemas.ts';
import { type AddCommands, examples } from './command.ts';

/** Of a request, characters. */
const LONGEST_SHOWN = 4_000;

interface AnswerOptions {
  readonly question?: string;
}

export const addAnswer: AddCommands = (program, run) => {
  program
    .command('answer')
    .summary('answer what an agent asks')
    .description(
      'Shows what the agent of a loop asks, or answers it: allow, deny, or the id of one of its choices. The first answer stands, wherever it is given.',
    )
    .argument('<id>', 'the id of a loop')
    .argument('[choice]', 'allow, deny, or the id of a choice; without it the questions are shown')
    .option('-q, --question <id>', 'which question; the only one if absent')
    .addHelpText(
      'after',
      examples(['loops answer loop-1a2b3c', 'what it asks'], ['loops answer loop-1a2b3c allow', 'this once']),
    )
    .action(
      run(async (session, id: string, choice: string | undefined, { question }: AnswerOptions) => {
        const supervisor = await session.supervisor();
        const { output } = session;
        if (choice !== undefined) {
          session.mustNotBeInside('Answering a question');
          await supervisor.answer(id, { choice, ...(question !== undefined && { question }) });
          await session.ensureHost();
          if (output.isJson) return output.json(doneSchema, { loops: [{ loopId: id, done: true }] });
          output.line(`${id} has its answer: ${choice}`);
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
          for (const { id: name, word } of choicesOf(one)) output.line(`  ${name.padEnd(16)} ${word}`);
        }
        return EXIT.ok;
      }),
    );
};

function questionJson({ id, at, request, choices }: Question) {
  const { kind, tool, title, command, paths, targets } = request;
  return {
    ...{ id, at: iso(at), kind, tool, title: oneLine(title, 500) },
    ...(command !== undefined && { command }),
    ...(paths && { paths: [...paths] }),
    ...(targets && { targets: targets === 'unknown' ? targets : [...targets] }),
    choices: choices.map((choice) => ({ id: choice.id, kind: choice.kind, label: oneLine(choice.label, 200) })),
  };
}
