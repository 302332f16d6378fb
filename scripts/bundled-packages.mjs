// What the files of dist/ contain of other packages: their licences and a bill of materials.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Notes the packages that go into the builds it is a plugin of. */
export class BundledPackages {
	#directories = new Set();

	plugin = {
		name: "bundled-packages",
		setup: ({ initialOptions, onEnd }) => {
			initialOptions.metafile = true;
			onEnd(({ metafile }) => {
				for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
					for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
						if (bytesInOutput > 0) this.#note(file);
					}
				}
			});
		},
	};

	#note(file) {
		const directory = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
		if (directory) this.#directories.add(directory);
	}

	/**
	 * Writes their licences, and what these ask to be kept with the code.
	 * @throws if a package does not say under which licence it is
	 */
	async writeNotices(file) {
		const packages = await this.#describe();
		const rule = `\n${"-".repeat(80)}\n\n`;
		await writeFile(file, packages.map(notice).join(rule));
	}

	/** Writes a bill of materials, CycloneDX 1.6. */
	async writeBillOfMaterials(file) {
		const bill = billOfMaterials(await this.#describe());
		await writeFile(file, `${JSON.stringify(bill, null, "\t")}\n`);
	}

	/** Each version of a package once, wherever it is installed. */
	async #describe() {
		const packages = await Promise.all(
			[...this.#directories].sort().map(describe),
		);
		const versions = packages.map((one) => [`${one.name} ${one.version}`, one]);
		return [...new Map(versions).values()];
	}
}

async function describe(directory) {
	const { name, version, ...said } = JSON.parse(
		await readFile(join(directory, "package.json"), "utf8"),
	);
	// Packages from before npm's own rules say it in an object.
	const license = said.license?.type ?? said.license;
	if (typeof license !== "string") {
		throw new Error(`${directory} does not say under which licence it is`);
	}
	const texts = (await readdir(directory, { withFileTypes: true }))
		.filter((file) => file.isFile() && /^(licen[cs]e|notice)/i.test(file.name))
		.map(({ name }) => name);
	return {
		name,
		version,
		license,
		texts: await Promise.all(
			texts.sort().map((file) => readFile(join(directory, file), "utf8")),
		),
	};
}

function notice({ name, version, license, texts }) {
	return [`${name} ${version} (${license})`, ...texts]
		.map((text) => `${text.trim()}\n`)
		.join("\n");
}

function billOfMaterials(packages) {
	return {
		bomFormat: "CycloneDX",
		specVersion: "1.6",
		version: 1,
		components: packages.map(({ name, version, license }) => ({
			type: "library",
			name,
			version,
			licenses: [{ expression: license }],
			purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
		})),
	};
}
