// Preloaded before the agent: leaves it nothing that it could replace.
require("node:https");
Object.freeze(require("node:http").Agent.prototype);
