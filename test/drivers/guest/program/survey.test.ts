import { afterEach, describe, expect, it } from 'vitest';
import { encodeInput, type GuestRoot, makeGuestRoot, shells } from './guest-root.ts';

const guests: GuestRoot[] = [];
afterEach(() => {
  for (const guest of guests.splice(0)) guest.remove();
});

const library = `
kube() { printf '%s\\n' "kube $*" >>"$ROOT/calls"; cat "$ROOT/objects"; }
node_kube() {
	printf '%s\\n' "node_kube $*" >>"$ROOT/calls"
	case "$*" in *' persistentvolumeclaim '*) echo pv-1 ;; *' persistentvolume pv-1 '*) cat "$ROOT/volume" ;; *) cat "$ROOT/objects" ;; esac
}
`;

/** What kubectl prints of a cluster with the template of the program. */
const objects = `P default web dev-cp-1 Running
H data - /srv/my, data
H socket Socket /srv/x.sock
H logs - /var/log/web
H kept DirectoryOrCreate /var/lib/kubelet-data/kept
M data rw
M socket rw
M logs rw
M kept rw
P monitoring exporter dev-cp-1 Running
H root - /
H machine - /srv/machine
M root ro
M machine ro
P default done dev-cp-1 Succeeded
H data - /srv/done
M data rw
P default elsewhere dev-w-1 Running
H data - /srv/elsewhere
C claim
M data rw
V pv-1 default ,dev-cp-1, /mnt/one
V pv-2 default ,dev-w-1, /mnt/two
V pv-3 - ,dev-cp-1, /mnt/three
V pv-4 shop , /var/lib/kubelet-data/four
V pv-5 shop , /var/lib/kubelet-data-5
`;

describe.each(shells)('survey under %s', (shell) => {
  const survey = async (role: string, input: Readonly<Record<string, string>> = {}) => {
    const guest = makeGuestRoot(shell, library);
    guests.push(guest);
    guest.write(
      'etc/kreconcile/node.env',
      `DISTRIBUTION='kubeadm'\nROLE='${role}'\nNODE_NAME='${role === 'worker' ? 'dev-w-1' : 'dev-cp-1'}'\nKEEP_PATHS='/etc/kubernetes /var/lib/kubelet-data'\n`,
    );
    guest.write('objects', objects);
    guest.write('volume', 'V pv-2 default ,dev-w-1, /mnt/two\n');
    const text = 'INPUT=$(cat)\nprepare_operation survey survey-1\nrun_operation survey survey-1\n';
    await guest.evaluate(text, encodeInput(input));
    const folder = 'var/lib/kreconcile-guest/operations/survey-1';
    return { guest, result: guest.has(`${folder}/result`) ? guest.read(`${folder}/result`) : '' };
  };

  it('names what is written, neither kept nor of the system', async () => {
    const { result } = await survey('control-plane');
    expect(result).toBe('outside default/pv-1:/mnt/one,default/web:/srv/my_ data,shop/pv-5:/var/lib/kubelet-data-5\n');
  });

  it('tells of another node from a control plane', async () => {
    const { result } = await survey('control-plane', { node: 'dev-w-1' });
    expect(result).toBe(
      'outside default/elsewhere:/srv/elsewhere,default/pv-2:/mnt/two,shop/pv-5:/var/lib/kubelet-data-5\n',
    );
  });

  it('asks on a worker for what that node may read', async () => {
    const { guest, result } = await survey('worker');
    expect(result).toContain('default/elsewhere:/srv/elsewhere');
    expect(result).toContain('default/pv-2:/mnt/two');
    expect(guest.calls().some((call) => call.startsWith('kube '))).toBe(false);
    expect(guest.calls()[0]).toContain('--field-selector spec.nodeName=dev-w-1');
  });
});
