/** Stands in for `require-in-the-middle` and `import-in-the-middle` in the bundle; see scripts/build.mjs. */
export class Hook {
	unhook(): void {}
}
