import { syncBuiltinESMExports } from "node:module";
import { hookDns } from "./dns";
import type { HookEnvironment } from "./environment";
import { hookHttpAgent } from "./http-agent";
import { hookHttpClient } from "./http-client";
import { hookHttp2 } from "./http2";
import { hookNet } from "./net";
import { hookTls } from "./tls";
import { hookUndici } from "./undici";

/** Installs every hook. Loaded modules see them at once, ES modules included. */
export function installHooks(environment: HookEnvironment): void {
	hookDns(environment);
	hookNet(environment);
	hookTls(environment);
	hookHttpAgent(environment);
	hookHttpClient(environment);
	hookHttp2(environment);
	hookUndici(environment);
	syncBuiltinESMExports();
}
