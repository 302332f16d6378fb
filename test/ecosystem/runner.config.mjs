export default { test: { include: ["runner.test.mjs"] } };
