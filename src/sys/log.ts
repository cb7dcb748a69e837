/**
 * The log: JSON lines on stderr for the journal, one readable line per entry on a terminal. Results of commands are no
 * log and go to stdout.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Log } from '../model/ports.ts';
import { renderLogLine } from './log-line.ts';

/** Least severe first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** `json` for machines, `text` for people. */
  readonly format: 'json' | 'text';
  readonly useColor?: boolean;
  /** Receives each finished line with its line end; default is stderr, written at once so that an exit loses nothing. */
  readonly write?: (line: string) => void;
}

/** Secrets do not belong into log fields at all; should one get there, it is taken out by its name. */
const secretNames = [
  'token',
  'password',
  'secret',
  'secrets',
  'privateKey',
  'key',
  'kubeconfig',
  'credentials',
  'authorization',
];

/** A log as the options say. */
export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      errorKey: 'error',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '(redacted)' },
    },
    lineWriter(options),
  );
  return asLog(logger);
}

function lineWriter(options: LogOptions): DestinationStream {
  const stderr = destination({ fd: 2, sync: true });
  const write = options.write ?? ((line: string) => stderr.write(line));
  if (options.format === 'json') return { write };
  return { write: (line) => write(renderLogLine(line, options.useColor ?? false)) };
}

function asLog(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => asLog(logger.child(fields)),
  };
}
