import { Argument } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completionScripts.ts';
import { EXIT } from '../exitCodes.ts';
import { completionSchema } from '../schemas.ts';
import { type AddCommands, examples } from './command.ts';

export const addCompletion: AddCommands = (program, run) => {
  program
    .command('completion')
    .summary('print a script that completes commands, options and ids')
    .description('Prints a script for a shell that completes commands, options and ids of loops.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        ['source <(loops completion bash)', 'in ~/.bashrc'],
        ['source <(loops completion zsh)', 'in ~/.zshrc, after compinit'],
        ['loops completion fish > ~/.config/fish/completions/loops.fish', 'once'],
      ),
    )
    .action(
      run(async ({ output }, shell: Shell) => {
        const script = completionScript(program, shell);
        if (output.isJson) return output.json(completionSchema, { shell, script });
        output.raw(script);
        return EXIT.ok;
      }),
    );
};
