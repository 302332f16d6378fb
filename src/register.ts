import { startAgent } from "./agent/start";

// scripts/build.mjs puts around this what keeps it from running where it is disabled, and its faults from the program.
startAgent(process.env);
