// Packs the Lambda layer: the agent and the wrapper that starts a function with it. The same files give the same bytes.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const UNIX = 3;
const modes = { executable: 0o100755, file: 0o100644 };

/** Within the range that a zip can say, and the same for every build. */
const TIME = "1980-01-01T00:00:00";

/** What Lambda unpacks to /opt. */
const FILES = {
	conntrace: [here("src/lambda/conntrace"), modes.executable],
	"conntrace-layer/LICENSE": [here("LICENSE"), modes.file],
	"conntrace-layer/THIRD_PARTY_NOTICES": [
		here("dist/register.NOTICES"),
		modes.file,
	],
	"conntrace-layer/register.js": [here("dist/register.js"), modes.file],
};

const entries = Object.entries(FILES).map(([name, [source, mode]]) => [
	name,
	[readFileSync(source), { os: UNIX, attrs: (mode << 16) >>> 0 }],
]);
const zip = zipSync(Object.fromEntries(entries), { level: 9, mtime: TIME });
mkdirSync(here("dist"), { recursive: true });
writeFileSync(here("dist/conntrace-layer.zip"), zip);
