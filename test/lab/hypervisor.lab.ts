import { hypervisorContract } from '../drivers/hypervisor/contract.ts';
import { startLibvirtWorld } from './hypervisor-world.ts';

hypervisorContract('libvirt', () => startLibvirtWorld('contract'));
