/** Proxies, which Node knows of but does not use unless told. */

/** What to do where there is a proxy for an address that Node was not told to use; else empty. */
export function proxyHint({ protocol, hostname }: URL): string {
	const { process } = globalThis as {
		process?: {
			readonly env?: Readonly<Record<string, string | undefined>>;
			readonly execArgv?: readonly string[];
		};
	};
	const { env = {}, execArgv = [] } = process ?? {};
	const name = `${protocol.slice(0, -1)}_proxy`;
	const proxy = env[name] ?? env[name.toUpperCase()];
	const not = (env.no_proxy ?? env.NO_PROXY ?? "").split(",");
	if (!proxy || not.some((host) => host === "*" || (host && hostname.endsWith(host)))) return "";
	if (env.NODE_USE_ENV_PROXY || `${execArgv.join(" ")} ${env.NODE_OPTIONS}`.includes("--use-env-proxy"))
		return "";
	return `; ${name.toUpperCase()} is set, but Node uses it only when started with --use-env-proxy (Node 22.21, 24 or newer)`;
}
