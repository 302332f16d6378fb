// One put by AWS SDK v3, and the end of the process.
const { client, put } = require("./sdk-put.cjs");

put().then(() => client.destroy());
