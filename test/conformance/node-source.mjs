import { spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { kept, Unavailable } from "./kept.mjs";

/**
 * Node's own tests, out of the source package `nodejs` of a Debian or Ubuntu release. apt gets it from where this
 * machine has its packages, with lists of its own, so neither root nor a change of the machine's sources is needed.
 * Kept in the user's cache.
 * @param {string} [release] its code name; by default this machine's
 * @returns {string} the directory of the tests
 * @throws {Unavailable}
 */
export function nodeTests(release = thisRelease()) {
	const source = kept(`node-tests/${release}`, (work) =>
		unpacked(download(work, release)),
	);
	return join(source, "test");
}

function thisRelease() {
	const file = "/etc/os-release";
	const text = existsSync(file) ? readFileSync(file, "utf8") : "";
	const release = /^VERSION_CODENAME=(\S+)$/m.exec(text)?.[1];
	if (!release)
		throw new Unavailable("this machine runs no release of Debian or Ubuntu");
	return release;
}

/** Downloads the parts of the source package to the directory that it returns. */
function download(work, release) {
	const directories = Object.fromEntries(
		["sources", "state/lists/partial", "cache", "package"].map((name) => {
			mkdirSync(join(work, name), { recursive: true });
			return [name, join(work, name)];
		}),
	);
	writeFileSync(
		join(directories.sources, "these.list"),
		sources("list", oneLineSources, release),
	);
	writeFileSync(
		join(directories.sources, "these.sources"),
		sources("sources", stanzaSources, release),
	);
	const options = [
		"Dir::Etc::SourceList=/dev/null",
		`Dir::Etc::SourceParts=${directories.sources}`,
		`Dir::State=${join(work, "state")}`,
		`Dir::Cache=${directories.cache}`,
		"APT::Sandbox::User=",
	].flatMap((option) => ["-o", option]);
	const apt = (...arguments_) =>
		spawnSync("apt-get", ["--quiet", ...options, ...arguments_], {
			cwd: directories.package,
			encoding: "utf8",
		});
	const update = apt("update");
	if (update.error)
		throw new Unavailable(`apt-get does not run: ${update.error.message}`);
	// What the distribution has added to the package may be gone in favour of a newer revision; it is not needed.
	const source = apt("source", "--download-only", "nodejs");
	if (!archiveIn(directories.package))
		throw new Unavailable(
			`apt-get does not get the source package nodejs of ${release}:\n${update.stderr}${source.stderr}`,
		);
	return directories.package;
}

/** This machine's package sources, as such of source packages of the release. */
function sources(extension, convert, release) {
	const directory = "/etc/apt/sources.list.d";
	const files = existsSync(directory)
		? readdirSync(directory).map((name) => join(directory, name))
		: [];
	return ["/etc/apt/sources.list", ...files]
		.filter((file) => file.endsWith(`.${extension}`) && existsSync(file))
		.flatMap((file) => convert(readFileSync(file, "utf8"), release))
		.join("\n\n");
}

function oneLineSources(text, release) {
	return [...text.matchAll(/^deb\s+(\[.*?\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)]
		.filter(([, , , suite]) => suite === thisRelease())
		.map(
			([, options = "", address, , components]) =>
				`deb-src ${options}${address} ${release} ${components}`,
		);
}

function stanzaSources(text, release) {
	return text
		.split(/\n\s*\n/)
		.filter((stanza) =>
			/^Suites:(.*)$/m.exec(stanza)?.[1].split(/\s+/).includes(thisRelease()),
		)
		.map((stanza) =>
			stanza
				.replace(/^Types:.*/m, "Types: deb-src")
				.replace(/^Suites:.*/m, `Suites: ${release}`),
		);
}

function archiveIn(directory) {
	return readdirSync(directory).find((name) =>
		/^nodejs_[^-]*\.orig\.tar\.\w+$/.test(name),
	);
}

/** Unpacks the tests and returns the directory of the source. */
function unpacked(directory) {
	const { status, stderr } = spawnSync(
		"tar",
		[
			"--extract",
			`--file=${archiveIn(directory)}`,
			"--wildcards",
			"--no-wildcards-match-slash",
			"*/test",
		],
		{ cwd: directory, encoding: "utf8" },
	);
	if (status !== 0)
		throw new Unavailable(`tar does not unpack the tests:\n${stderr}`);
	const source = readdirSync(directory).find((name) => /^node-/.test(name));
	return join(directory, source);
}
