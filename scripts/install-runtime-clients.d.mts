/** Installs AWS's runtime clients for the tests, if they are missing. */
export function installRuntimeClients(): void;
