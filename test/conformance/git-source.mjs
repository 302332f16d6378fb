import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { kept, Unavailable } from "./kept.mjs";

/**
 * undici with what its tests need, out of its repository.
 * @param {string} node the binary to judge under
 * @param {string} [version] by default the one that is part of this Node
 * @returns {string} the directory
 * @throws {Unavailable}
 */
export function undiciCheckout(node, version) {
	const wanted =
		version ??
		execFileSync(node, ["--print", "process.versions.undici"], {
			encoding: "utf8",
		}).trim();
	return kept(`undici-tests/${wanted}`, (work) => {
		const checkout = clone(
			"https://github.com/nodejs/undici",
			`v${wanted}`,
			work,
		);
		install(checkout);
		return checkout;
	});
}

/**
 * The HTTP handler of the AWS SDK with what its tests need, out of the repository that it shares with other packages.
 * @param {string} [version] by default the one that this project's own tests use
 * @returns {string} the directory of the package
 * @throws {Unavailable}
 */
export function smithyCheckout(version) {
	const name = "@smithy/node-http-handler";
	const wanted =
		version ?? createRequire(import.meta.url)(`${name}/package.json`).version;
	return kept(`smithy-tests/${wanted}`, (work) => {
		const all = clone(
			"https://github.com/smithy-lang/smithy-typescript",
			`${name}@${wanted}`,
			work,
		);
		const directory = join(all, "packages/node-http-handler");
		writeFileSync(
			join(directory, "package.json"),
			JSON.stringify(standingAlone(all, directory)),
		);
		install(directory);
		return directory;
	});
}

/** The package with its neighbours as they were published, and with what all of them are tested with. */
function standingAlone(all, directory) {
	const { name, version, dependencies, devDependencies } = packageIn(directory);
	const { vitest, "get-port": getPort } = packageIn(all).devDependencies;
	const neighbours = Object.entries({ ...dependencies, ...devDependencies })
		.filter(([, range]) => range.startsWith("workspace:"))
		.map(([name]) => {
			const [, folder] = name.split("/");
			return [name, packageIn(join(all, "packages", folder)).version];
		});
	return {
		name,
		version,
		dependencies: {
			...dependencies,
			...Object.fromEntries(neighbours),
			vitest,
			"get-port": getPort,
		},
	};
}

function packageIn(directory) {
	return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

function clone(repository, tag, work) {
	const checkout = join(work, "checkout");
	run(
		work,
		"git",
		"clone",
		"--depth=1",
		`--branch=${tag}`,
		repository,
		checkout,
	);
	return checkout;
}

function install(directory) {
	run(
		directory,
		"npm",
		"install",
		"--ignore-scripts",
		"--no-workspaces",
		"--no-audit",
		"--no-fund",
	);
}

function run(directory, program, ...arguments_) {
	const { status, error, stderr } = spawnSync(program, arguments_, {
		cwd: directory,
		encoding: "utf8",
	});
	if (status !== 0)
		throw new Unavailable(
			`${program} ${arguments_.join(" ")}: ${error?.message ?? stderr}`,
		);
}
