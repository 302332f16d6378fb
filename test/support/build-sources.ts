/** What the build reads, in the root of the repository. */
export const BUILD_SOURCES = [
	"src",
	"scripts",
	"package.json",
	"tsconfig.json",
	"tsconfig.types.json",
	"LICENSE",
];
