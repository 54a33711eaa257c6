import { statSync } from 'node:fs';
import { CallError, EXIT } from '../exitCodes.ts';
import { trustSchema } from '../schemas.ts';
import { type AddCommands, examples } from './command.ts';

export const addTrust: AddCommands = (program, run) => {
  program
    .command('trust')
    .summary('let loops run in a folder')
    .description(
      'Says that you trust the files of a folder and of the folders in it: an agent acts on what they say. ' +
        'Folders that were open in a trusted window are trusted already.',
    )
    .argument('[folder]', 'the folder; this one if absent', '.')
    .addHelpText('after', examples(['loops trust ~/projects/mine', 'once for each project']))
    .action(
      run(async (session, folder: string) => {
        session.mustNotBeInside('Trusting a folder');
        const path = session.path(folder);
        if (!statSync(path).isDirectory()) throw new CallError(EXIT.usage, `${path} is not a folder.`);
        session.trusted.add([path]);
        const { output } = session;
        if (output.isJson) output.json(trustSchema, { trusted: path });
        else output.line(`Loops may run in ${path}.`);
        return EXIT.ok;
      }),
    );
};
