// Builds dist/report.html: the page of the HTML report with all its code inside, but for the data that src/report/html/render.ts
// puts in.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const folder = "src/report/html/browser";

export async function buildReportPage(target, plugins) {
	const script = await bundle(`${folder}/main.ts`, plugins);
	const style = await bundle(`${folder}/style.css`, plugins);
	await writeFile(target, page(script, style, await notices()));
}

async function bundle(entryPoint, plugins) {
	const { outputFiles } = await build({
		entryPoints: [entryPoint],
		plugins,
		bundle: true,
		preserveSymlinks: true,
		minify: true,
		write: false,
		format: "iife",
		target: "es2022",
		charset: "utf8",
		legalComments: "none",
		logLevel: "warning",
	});
	return outputFiles[0].text.trim();
}

/** What the licences of the bundled libraries ask to be kept with them. */
async function notices() {
	const texts = await Promise.all(
		["echarts/NOTICE", "zrender/LICENSE", "tslib/LICENSE.txt"].map((file) =>
			readFile(`node_modules/${file}`, "utf8"),
		),
	);
	return texts.join("\n\n").replaceAll("--", "- -");
}

/** Nothing but this script and this style, no request, and no text that becomes HTML. */
function policy(script, style) {
	return [
		"default-src 'none'",
		`script-src ${hash(script)}`,
		`style-src ${hash(style)}`,
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types default",
	].join("; ");
}

function hash(text) {
	return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function page(script, style, notices) {
	if (/<\/script|<!--/i.test(script)) {
		throw new Error(`${folder}/main.ts: the bundle would end its own element`);
	}
	const icon = encodeURIComponent(
		'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 8h14" stroke="#2867b2" stroke-width="3"/><path d="M8 2l5 6-5 6-5-6z" fill="#b4540a"/></svg>',
	);
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>conntrace report</title>
<link rel="icon" href="data:image/svg+xml,${icon}">
<style>${style}</style>
<!--
The charts are drawn by:

${notices}
-->
</head>
<body>
<noscript><p>This report needs JavaScript to draw the data inside this file. It loads nothing.</p></noscript>
<div id="report"></div>
<script type="application/json" id="data"></script>
<script>${script}</script>
</body>
</html>
`;
}
