import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Texts = Readonly<Record<string, string>>;

interface Manifest {
	readonly scripts?: Texts;
	readonly dependencies?: Texts;
	readonly devDependencies?: Texts;
}

/** What npm would run on a machine that installs the package. */
const AT_INSTALLATION = [
	"preinstall",
	"install",
	"postinstall",
	"prepublish",
	"preprepare",
	"prepare",
	"postprepare",
];

const EXACT = /^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

const files = (name: string): string[] =>
	execFileSync("git", ["ls-files", name, `*/${name}`], { encoding: "utf8" })
		.trim()
		.split("\n");

const read = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8"));

describe.each(files("package.json"))("%s", (file) => {
	const { scripts, dependencies, devDependencies } = read<Manifest>(file);

	it("names exact versions", () => {
		for (const [name, version] of Object.entries({
			...dependencies,
			...devDependencies,
		}))
			expect(version, name).toMatch(EXACT);
	});

	it("runs nothing where it is installed", () => {
		expect(
			AT_INSTALLATION.filter((name) => scripts?.[name] !== undefined),
		).toEqual([]);
	});
});

it("the package needs no other", () => {
	expect(read<Manifest>("package.json").dependencies).toBeUndefined();
});

it.each(files("package-lock.json"))(
	"%s says for every package what it has to be",
	(file) => {
		interface Package {
			readonly link?: boolean;
			readonly integrity?: string;
		}
		const { packages } = read<{ packages: Record<string, Package> }>(file);
		const unchecked = Object.entries(packages).filter(
			([path, { link, integrity }]) =>
				path.includes("node_modules/") && !link && integrity === undefined,
		);
		expect(unchecked.map(([path]) => path)).toEqual([]);
	},
);
