/** Whose value is a proxy's address, as every other program on the host takes it; upper case counts too. */
const proxyNames = ['http_proxy', 'https_proxy'] as const;

let made: { readonly settings: string; readonly fetch: typeof fetch } | null = null;

/**
 * `fetch` as the environment's `http_proxy`, `https_proxy` and `no_proxy` ask. Node's own knows no proxies before version 24, so
 * undici's is loaded where one is set.
 */
export async function proxiedFetch(): Promise<typeof fetch> {
  const { env } = process;
  const value = (name: string): string => env[name] ?? env[name.toUpperCase()] ?? '';
  if (proxyNames.every((name) => value(name) === '')) return fetch;
  const settings = JSON.stringify([...proxyNames, 'no_proxy'].map(value));
  if (made?.settings === settings) return made.fetch;
  // A CommonJS library has a default alone once it is bundled.
  const { default: undici } = await import('undici');
  const dispatcher = new undici.EnvHttpProxyAgent();
  const through = (url: unknown, init: unknown) => undici.fetch(url as string, { ...(init as object), dispatcher });
  made = { settings, fetch: through as unknown as typeof fetch };
  return made.fetch;
}
