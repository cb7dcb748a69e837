import type { Terminal } from './context.ts';
import { cut, plain } from './view/style.ts';

/** Lines that stay, and below them a few that are drawn over each time. Where stderr is no terminal, only the former. */
export interface LiveDisplay {
  show(lines: readonly string[], frame: readonly string[]): void;
  end(): void;
}

export function createLiveDisplay(terminal: Terminal): LiveDisplay {
  let drawn = 0;
  const erase = () => (drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[J`);
  return {
    show(lines, frame) {
      const kept = lines.map((line) => `${line}\n`).join('');
      if (!terminal.isErrTerminal) {
        if (kept !== '') terminal.err(kept);
        return;
      }
      // A line that wraps would be counted as one and leave a rest behind.
      const fitting = frame.map((line) =>
        plain(line).length < terminal.columns ? line : cut(plain(line), terminal.columns - 1),
      );
      terminal.err(`${erase()}${kept}${fitting.map((line) => `${line}\n`).join('')}`);
      drawn = fitting.length;
    },
    end() {
      if (terminal.isErrTerminal && drawn > 0) terminal.err(erase());
      drawn = 0;
    },
  };
}
