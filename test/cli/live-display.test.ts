import { expect, it } from 'vitest';
import { createLiveDisplay } from '../../src/cli/live-display.ts';

function terminalOf(isErrTerminal: boolean, columns = 20) {
  const written: string[] = [];
  const terminal = {
    out: () => undefined,
    err: (text: string) => void written.push(text),
    isOutTerminal: isErrTerminal,
    isErrTerminal,
    columns,
    outHasColor: false,
    errHasColor: false,
  };
  return { display: createLiveDisplay(terminal), written };
}

it('draws the moving part over on a terminal, and cuts what would wrap', () => {
  const { display, written } = terminalOf(true);
  display.show(['kept'], ['one', 'a line that is longer than the terminal']);
  display.show([], ['two']);
  display.end();
  expect(written).toEqual(['kept\none\na line that is lon…\n', '\u001b[2A\r\u001b[Jtwo\n', '\u001b[1A\r\u001b[J']);
});

it('writes only what stays where there is no terminal', () => {
  const { display, written } = terminalOf(false);
  display.show(['kept'], ['moving']);
  display.show([], ['moving']);
  display.end();
  expect(written).toEqual(['kept\n']);
});
