/** Channel of `node:diagnostics_channel` that is given `RequestFacts`. */
export const REQUEST_CHANNEL = "conntrace:request";

/** Channel of `node:diagnostics_channel` that is given `ConnectionFacts`. */
export const CONNECTION_CHANNEL = "conntrace:connection";
