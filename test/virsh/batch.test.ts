import { describe, expect, it } from 'vitest';
import { splitBatch } from '../../src/virsh/batch.ts';

describe('a long command by input', () => {
  it('whose echo readline folds does not leave the echo in the answer', () => {
    const line = `qemu-agent-command 3cb17708-3077-572b-97ca-6d93894b55f2 --timeout 5 '{"execute":"guest-info"}'`;
    const folded = line.replace('"execute', '"ex\rxecute');
    const stdout = `virsh # ${folded}\n{"return":{}}\nvirsh # echo m-0-\nm-0-virsh # `;
    const [result] = splitBatch([line], 'm', { stdout, stderr: 'error: m-0-\n' });
    expect(result).toEqual({ ok: true, stdout: '{"return":{}}', error: '' });
  });
});
