import { EXIT } from '../exitCodes.ts';
import { fetchSchema } from '../schemas.ts';
import { type AddCommands, examples } from './command.ts';

export const addFetch: AddCommands = (program, run) => {
  program
    .command('fetch')
    .summary("fetch a loop's work from another machine")
    .description(
      'Fetches what a loop did on another machine, as a branch and a work tree of the clone in the working ' +
        'directory. Nothing else in the clone changes.',
    )
    .argument('<id>', 'the id of a loop')
    .addHelpText('after', examples(['git merge $(loops fetch loop-1a2b3c)', 'fetch its branch and merge it']))
    .action(
      run(async (session, loopId: string) => {
        session.mustNotBeInside("Fetching a loop's work");
        // The host looks for its clone there.
        session.folder = session.cwd;
        const supervisor = await session.supervisor();
        const { branch, path } = await (await supervisor.workTrees()).fetch({ loopId });
        const { output } = session;
        if (output.isJson) output.json(fetchSchema, { loopId, branch, path });
        else output.line(branch);
        output.progress(`Its work tree is ${path}.`);
        return EXIT.ok;
      }),
    );
};
