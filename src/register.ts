import { startAgent } from "./agent/start";

startAgent(process.env);
