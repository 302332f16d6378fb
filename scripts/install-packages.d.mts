/** Installs the packages of a directory that has its own lock file, and says whether they were missing. */
export function installPackages(directory: string): boolean;
