import assert from 'node:assert/strict';
import { findOnWindows, windowsCommand } from '../../src/process/launch/windowsCommand.ts';

const SHIM = `@ECHO off
SETLOCAL
CALL :find_dp0
IF EXIST "%dp0%\\node.exe" (
  SET "_prog=%dp0%\\node.exe"
) ELSE (
  SET "_prog=node"
)
endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\node_modules\\@anthropic-ai\\claude-code\\cli.js" %*
`;

/** A disk of Windows, whose paths have no case. */
const disk: Record<string, string> = {
  'c:\\npm\\claude.cmd': SHIM,
  'c:\\npm\\own.bat': '@echo %*',
  'c:\\node\\node.exe': '',
  'c:\\tools\\agent.exe': '',
};
const files = {
  isFile: (path: string) => path.toLowerCase() in disk,
  read: (path: string) => disk[path.toLowerCase()] ?? '',
};
const environment = {
  Path: 'C:\\tools;"C:\\npm";C:\\node',
  PATHEXT: '.COM;.EXE;.BAT;.CMD',
  ComSpec: 'C:\\msys64\\usr\\bin\\bash.exe',
  SystemRoot: 'C:\\elsewhere',
};

describe('R7.7 Commands on Windows', () => {
  it('R7.7 are found on PATH with the extensions of PATHEXT', () => {
    assert.equal(findOnWindows('agent', environment, files), 'C:\\tools\\agent.EXE');
    assert.equal(findOnWindows('claude', environment, files), 'C:\\npm\\claude.CMD');
    assert.equal(findOnWindows('CLAUDE.CMD', environment, files), 'C:\\npm\\CLAUDE.CMD');
    assert.equal(findOnWindows('C:\\tools\\agent', environment, files), 'C:\\tools\\agent.EXE');
    assert.equal(findOnWindows('nothing', environment, files), undefined);
  });

  it('R7.7 a program is started as it is', () => {
    assert.deepEqual(windowsCommand('agent', ['a b', '%PATH%'], environment, files), {
      command: 'C:\\tools\\agent.EXE',
      args: ['a b', '%PATH%'],
      verbatim: false,
    });
    assert.deepEqual(windowsCommand('nothing', ['x'], environment, files), {
      command: 'nothing',
      args: ['x'],
      verbatim: false,
    });
  });

  it('R1.4 of a batch file that npm has made, the script is started, through no shell', () => {
    assert.deepEqual(windowsCommand('claude', ['-p', '& calc %PATH% "'], environment, files), {
      command: 'C:\\node\\node.EXE',
      args: ['C:\\npm\\node_modules\\@anthropic-ai\\claude-code\\cli.js', '-p', '& calc %PATH% "'],
      verbatim: false,
    });
  });

  it("R1.4 R7.7 any other batch file goes through the system's cmd.exe, whatever ComSpec says, and all that the command interpreter knows is escaped", () => {
    const { command, args, verbatim } = windowsCommand(
      'own',
      ['plain', 'a b', '& calc', '%PATH%', 'say "hi"\\'],
      environment,
      files,
      { SYSTEMROOT: 'D:\\Windows' },
    );
    assert.deepEqual(
      [command, verbatim, ...args.slice(0, 3)],
      ['D:\\Windows\\System32\\cmd.exe', true, '/d', '/s', '/c'],
    );
    const line = args[3] as string;
    assert.ok(line.startsWith('"C:\\npm\\own.BAT ') && line.endsWith('"'), line);
    // Nothing that would end a word, begin a command or name a variable stands alone: its caret is there for each of
    // the two readings.
    assert.doesNotMatch(line.slice(1, -1).replace(/\^+./g, ''), /[%&|<>"!]/);
    assert.ok(line.includes('^^^&^^^ calc'), line);
    assert.ok(line.includes('^^^%PATH^^^%'), line);
  });
});
