import { KreError } from '../model/error.ts';

/** A program that is not there, or a working folder that is not (the system reports both alike). */
export function programMissing(program: string, cwd: string | undefined, cause?: unknown): KreError {
  return new KreError({
    code: 'ProgramMissing',
    message: `${program} could not be started${cwd === undefined ? '' : ` in ${cwd}`}: not found or not executable`,
    hint: `Install the package that brings ${program}, and see that it is on the PATH of the agent.`,
    disposition: 'stalled',
    cause,
  });
}

/** A program that was stopped at its deadline. */
export function execTimeout(program: string, timeoutMs: number, cause?: unknown): KreError {
  return new KreError({
    code: 'ExecTimeout',
    message: `${program} did not finish within ${timeoutMs / 1000} s and was stopped`,
    hint: 'The host may be busy, or what the program talks to does not answer; it is tried again.',
    disposition: 'retry',
    cause,
  });
}

/** A program that ended in another way than by an exit code. */
export function execFailed(program: string, what: string, cause?: unknown): KreError {
  return new KreError({
    code: 'ExecFailed',
    message: `${program} ${what}`,
    hint: `See what the log says just before, and try ${program} by hand as the user of the agent.`,
    disposition: 'retry',
    cause,
  });
}
