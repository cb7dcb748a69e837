import { randomBytes } from 'node:crypto';
import { createQga } from '../../../../src/drivers/guest/qga/index.ts';
import { guestContract } from '../contract.ts';
import { base, makeGuestRoot, until } from '../program/guest-root.ts';
import { fakeAgents } from './fake-agent.ts';

/** A distribution that is a cluster of one in files. */
const library = `
kube() {
	case $* in
	get\\ node\\ *) printf '%s %s' "$(cat "$ROOT/unschedulable")" "$(cat "$ROOT/ours")" ;;
	*'"cordoned":"true"'* | *'cordoned":"true"'*) echo true >"$ROOT/unschedulable"; echo ours >"$ROOT/ours" ;;
	patch*) echo - >"$ROOT/unschedulable"; echo >"$ROOT/ours" ;;
	*--raw*) echo ok ;;
	*) if [ "$(cat "$ROOT/ours")" = ours ]; then echo "N cp-1 v1.36.1 cordoned ours True"; else echo "N cp-1 v1.36.1 - - True"; fi ;;
	esac
}
dist_status() { printf '{"phase":"initialised","version":"v1.36.1","serviceActive":true,"certificatesExpireAtMs":null}'; }
dist_kubeconfig() { printf 'kind: Config\\nclusters: []\\n'; }
dist_join_info() { echo token=abcdef.0123456789abcdef; }
dist_backup() { cp "$ROOT/datastore" "$BACKUP_FILE"; }
`;

guestContract('qga over a stand-in for libvirt', async () => {
  const machine = makeGuestRoot('dash');
  const controlPlane = makeGuestRoot('dash', library);
  controlPlane.write('etc/kreconcile/node.env', "DISTRIBUTION='kubeadm'\nROLE='control-plane'\n");
  controlPlane.write('unschedulable', '-');
  controlPlane.write('ours', '');
  controlPlane.write('datastore', randomBytes(150_000).toString('base64'));
  const agents = fakeAgents({ 'uuid-machine': machine, 'uuid-cp': controlPlane });
  return {
    driver: createQga({ virsh: agents.virsh, clock: { now: () => Date.now() } }),
    machine: { name: 'machine', uuid: 'uuid-machine' },
    stopped: { name: 'stopped', uuid: 'uuid-stopped' },
    controlPlane: { machine: { name: 'cp-1', uuid: 'uuid-cp' }, node: 'cp-1' },
    program: base,
    until: async (what, condition) => {
      await until(what, async () => ((await condition()) ? true : null));
    },
    dispose: async () => {
      machine.remove();
      controlPlane.remove();
    },
  };
});
