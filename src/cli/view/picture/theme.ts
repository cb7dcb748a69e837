/** Colours for light and dark surroundings. What a colour says is said by shape or text too. */
export const STYLE = `
svg{--ground:#ffffff;--text:#1f2328;--soft:#59636e;--line:#d1d9e0;--work:#0969da;--rest:#c8d1da;--disturb:#bc4c00;--fail:#a40e26;--away:#cf222e;--cordon:#9a6700;--new:#1a7f37;--on:#ffffff;font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){svg{--ground:#0d1117;--text:#f0f6fc;--soft:#9198a1;--line:#3d444d;--work:#79c0ff;--rest:#4b535d;--disturb:#ffa657;--fail:#ff8182;--away:#ff7b72;--cordon:#e3b341;--new:#56d364;--on:#0d1117}}
.ground{fill:var(--ground)}.text{fill:var(--text)}.soft{fill:var(--soft)}.line{stroke:var(--line);stroke-width:1}.on{fill:var(--on)}
.work{fill:var(--work)}.rest{fill:var(--rest)}.disturb{fill:var(--disturb)}.fail{fill:var(--fail)}.away{fill:var(--away)}.cordon{fill:none;stroke:var(--cordon);stroke-width:1.5;stroke-dasharray:3 2}.new{fill:var(--new)}
.edge{stroke:var(--ground);stroke-width:0.7}.gone{stroke:var(--away);stroke-width:2;fill:none}.t{font-size:8px}
.open{stroke:var(--fail);stroke-width:1.5;stroke-dasharray:2 2;fill:none}
.h1{font-size:16px;font-weight:600}.h2{font-size:12px;font-weight:600}.p{font-size:12px}.s{font-size:10px}
`;
