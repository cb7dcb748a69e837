import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cloudConfigText, mergeCloudConfig, readUserData } from '../../../src/reconcile/seed/cloud-config.ts';

const ours = {
  hostname: 'runner',
  users: ['default'],
  bootcmd: ['ours'],
  runcmd: [['ours']],
  growpart: { mode: 'auto' },
};
const merge = (text: string) => mergeCloudConfig(ours, readUserData('runner', text));

describe("a Machine's own user-data", () => {
  it('adds to lists, after what is ours, and to maps', () => {
    expect(
      merge(
        '#cloud-config\nruncmd: [theirs]\nusers: [{name: ann}]\npackages: [git]\ngrowpart: {ignore_growroot_disabled: true}\n',
      ),
    ).toEqual({
      ...ours,
      runcmd: [['ours'], 'theirs'],
      users: ['default', { name: 'ann' }],
      packages: ['git'],
      growpart: { mode: 'auto', ignore_growroot_disabled: true },
    });
  });

  it.each(['hostname: other', 'bootcmd: none', 'runcmd: {a: 1}', 'users: null'])(
    'does not take away what is ours: %s',
    (text) => {
      expect(merge(`#cloud-config\n${text}\n`)).toEqual(ours);
    },
  );

  it('decides what is not needed: may passwords be used, should packages be upgraded', () => {
    const upgraded = mergeCloudConfig(
      { ...ours, ssh_pwauth: false },
      readUserData('runner', '#cloud-config\nssh_pwauth: true\n'),
    );
    expect(upgraded).toEqual({ ...ours, ssh_pwauth: true });
  });

  it('may be empty', () => expect(merge('#cloud-config\n')).toEqual(ours));

  it.each([
    ['#!/bin/sh\nreboot', /does not begin with the line #cloud-config/],
    ['', /does not begin/],
    ['#cloud-config\na: [1', /not readable YAML/],
    ['#cloud-config\na: 1\na: 2', /not readable YAML/],
    ['#cloud-config\n- a', /not a map/],
    ['#cloud-config\nmerge_how: replace', /sets merge_how/],
    ['#cloud-config\ncloud_final_modules: []', /sets cloud_final_modules/],
  ])('that cannot be used is said to be so: %j', (text, message) => {
    expect(() => readUserData('runner', text)).toThrow(message);
    expect(() => readUserData('runner', text)).toThrow(expect.objectContaining({ code: 'ManifestInvalid' }));
  });

  it('means what it means to cloud-init, which reads YAML 1.1', () => {
    const text = cloudConfigText(
      readUserData('runner', '#cloud-config\non: yes\nmode: 0644\nquoted: "0644"\nword: "no"\ntime: "12:30"\n'),
    );
    expect(parse(text, { version: '1.1' })).toEqual({
      true: true,
      mode: 0o644,
      quoted: '0644',
      word: 'no',
      time: '12:30',
    });
    expect(text).toMatch(/quoted: "0644"\nword: "no"/);
  });
});
