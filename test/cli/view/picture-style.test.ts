import { expect, it } from 'vitest';
import { STYLE } from '../../../src/cli/view/picture/theme.ts';

it('a program that knows no variables of CSS draws the light colours, not all in black', () => {
  const known = STYLE.replace(/(fill|stroke):var\([^)]*\)/g, '');
  const [light = ''] = STYLE.split('@media');
  for (const [, property, name] of STYLE.matchAll(/(fill|stroke):var\(--(\w+)\)/g)) {
    const colour = new RegExp(`--${name}:(#[0-9a-f]{6})`).exec(light)?.[1];
    expect(known).toContain(`${property}:${colour};`);
  }
});
