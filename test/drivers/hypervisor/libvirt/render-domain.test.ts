import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDomain } from '../../../../src/drivers/hypervisor/libvirt/parse-domain.ts';
import { type DomainRequest, renderDomain } from '../../../../src/drivers/hypervisor/libvirt/render-domain.ts';
import { mark, ref } from './fake-machine.ts';

const request: DomainRequest = {
  mark: mark(),
  uuid: ref.uuid,
  mac: '52:54:00:12:34:56',
  machineType: null,
  firmware: null,
  acceleration: 'kvm',
  maxCpus: 4,
  directIo: true,
  paths: {
    root: '/images/dev-cp-1/1/root.qcow2',
    image: '/images/sha256-aa.qcow2',
    seed: '/images/dev-cp-1/1/seed.iso',
    consoleLog: '/var/log/libvirt/qemu/dev-cp-1.console.log',
  },
  state: { path: '/images/dev-cp-1/state.qcow2', serial: 'state-1' },
};

describe('the definition of a machine', () => {
  test('is as the golden file', async () => {
    await expect(renderDomain(request)).toMatchFileSnapshot(join(import.meta.dirname, 'golden/domain-kvm.xml'));
  });

  test('emulated, with UEFI, on a bridge, without O_DIRECT and state disk, is as the golden file', async () => {
    const network = { name: 'lan', attach: { kind: 'bridge' as const, name: 'br0' }, addressing: null };
    const xml = renderDomain({
      ...request,
      mark: mark({}, { firmware: 'efi', network, stateDiskMiB: null }),
      acceleration: 'emulation',
      directIo: false,
      state: null,
    });
    await expect(xml).toMatchFileSnapshot(join(import.meta.dirname, 'golden/domain-emulated-efi.xml'));
  });

  test('is read back as it was meant', () => {
    const spiky = mark({ revision: `"'<>&;\\ grüß ]]> \u2028 \u0001 ${'x'.repeat(2000)}` });
    const domain = parseDomain(renderDomain({ ...request, mark: spiky }));
    expect(domain.mark).toEqual(spiky);
    expect(domain).toMatchObject({ name: ref.name, uuid: ref.uuid, agent: 'disconnected', isLive: false });
    expect(domain.shape).toMatchObject({ cpus: 2, maxCpus: 4, memoryMiB: 4096, acceleration: 'kvm' });
  });

  test('keeps the machine type that libvirt stored', () => {
    const { shape } = parseDomain(renderDomain({ ...request, machineType: 'pc-q35-7.2' }));
    expect(shape.machineType).toBe('pc-q35-7.2');
  });

  test('keeps the loader and the variables that libvirt chose, as long as the firmware stays the same', () => {
    const firmware = {
      isEfi: true,
      loader: { '@readonly': 'yes', '@type': 'pflash', '#text': '/usr/share/OVMF/OVMF_CODE_4M.fd' },
      nvram: {
        '@template': '/usr/share/OVMF/OVMF_VARS_4M.fd',
        '#text': '/var/lib/libvirt/qemu/nvram/dev-cp-1_VARS.fd',
      },
    };
    const efi = mark({}, { firmware: 'efi' });
    expect(parseDomain(renderDomain({ ...request, mark: efi, firmware })).firmware).toEqual(firmware);
    const others = [
      renderDomain({ ...request, firmware }),
      renderDomain({ ...request, mark: efi, firmware: { ...firmware, isEfi: false } }),
    ];
    for (const xml of others) expect(parseDomain(xml).firmware).toMatchObject({ loader: undefined, nvram: undefined });
  });

  test('never has fewer vCPUs possible than wanted, on a host smaller than the machine', () => {
    const { shape } = parseDomain(renderDomain({ ...request, maxCpus: 1 }));
    expect(shape).toMatchObject({ cpus: 2, maxCpus: 2 });
  });

  test('names a host model only with KVM', () => {
    const model = mark({}, { cpuMode: 'host-model' });
    expect(renderDomain({ ...request, mark: model })).toContain('mode="host-model"');
    expect(renderDomain({ ...request, mark: model, acceleration: 'emulation' })).toContain('mode="maximum"');
  });

  test('has the shape that libvirt gave back for a machine defined like this', () => {
    const stored = parseDomain(readFileSync(join(import.meta.dirname, 'fixtures/running-inactive.xml'), 'utf8'));
    const rendered = parseDomain(renderDomain(request));
    expect(rendered.shape.disks.map(({ target, serial }) => ({ target, serial }))).toEqual(
      stored.shape.disks.map(({ target, serial }) => ({ target, serial })),
    );
  });
});
