import { defineConfig } from 'vitest/config';

const minutes = 60_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**'],
          setupFiles: ['test/seed.ts'],
          // A bound for a hung test on a busy machine, not an expectation of speed.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: process.env['KRECONCILE_LAB_ALL']
            ? ['test/lab/**/*.lab.ts', 'test/lab/**/*.all.ts']
            : ['test/lab/**/*.lab.ts'],
          // One emulated guest boots at a time, so the files run one after the other (`npm run test:lab`).
          testTimeout: 120 * minutes,
          hookTimeout: 45 * minutes,
        },
      },
    ],
  },
});
