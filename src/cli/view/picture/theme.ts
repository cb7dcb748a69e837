const LIGHT = {
  ground: '#ffffff',
  text: '#1f2328',
  soft: '#59636e',
  line: '#d1d9e0',
  work: '#0969da',
  rest: '#c8d1da',
  disturb: '#bc4c00',
  fail: '#a40e26',
  away: '#cf222e',
  cordon: '#9a6700',
  new: '#1a7f37',
  on: '#ffffff',
} as const;

const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  ground: '#0d1117',
  text: '#f0f6fc',
  soft: '#9198a1',
  line: '#3d444d',
  work: '#79c0ff',
  rest: '#4b535d',
  disturb: '#ffa657',
  fail: '#ff8182',
  away: '#ff7b72',
  cordon: '#e3b341',
  new: '#56d364',
  on: '#0d1117',
};

function variables(palette: Readonly<Record<string, string>>): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}

/** The light colour itself, and then the variable: programs that know no variables (librsvg, ImageMagick) drop the second and would draw all black. */
function coloured(property: 'fill' | 'stroke', name: keyof typeof LIGHT): string {
  return `${property}:${LIGHT[name]};${property}:var(--${name})`;
}

/** Colours for light and dark surroundings. What a colour says is said by shape or text too. */
export const STYLE = `
svg{${variables(LIGHT)};font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){svg{${variables(DARK)}}}
.ground{${coloured('fill', 'ground')}}.text{${coloured('fill', 'text')}}.soft{${coloured('fill', 'soft')}}.line{${coloured('stroke', 'line')};stroke-width:1}.on{${coloured('fill', 'on')}}
.work{${coloured('fill', 'work')}}.rest{${coloured('fill', 'rest')}}.disturb{${coloured('fill', 'disturb')}}.fail{${coloured('fill', 'fail')}}.away{${coloured('fill', 'away')}}.cordon{fill:none;${coloured('stroke', 'cordon')};stroke-width:1.5;stroke-dasharray:3 2}.new{${coloured('fill', 'new')}}
.edge{${coloured('stroke', 'ground')};stroke-width:0.7}.gone{${coloured('stroke', 'away')};stroke-width:2;fill:none}.t{font-size:8px}
.open{${coloured('stroke', 'fail')};stroke-width:1.5;stroke-dasharray:2 2;fill:none}
.h1{font-size:16px;font-weight:600}.h2{font-size:12px;font-weight:600}.p{font-size:12px}.s{font-size:10px}
`;
