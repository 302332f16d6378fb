// Calls a method of a gRPC server of its own twice, on one channel.
import grpc from "@grpc/grpc-js";

const text = {
	serialize: (value) => Buffer.from(value),
	deserialize: (bytes) => bytes.toString(),
};
const service = {
	echo: {
		path: "/test.Echo/echo",
		requestStream: false,
		responseStream: false,
		requestSerialize: text.serialize,
		requestDeserialize: text.deserialize,
		responseSerialize: text.serialize,
		responseDeserialize: text.deserialize,
	},
};

const server = new grpc.Server();
server.addService(service, {
	echo: (call, callback) => callback(null, call.request),
});
const port = await new Promise((resolve, reject) => {
	const insecure = grpc.ServerCredentials.createInsecure();
	server.bindAsync("127.0.0.1:0", insecure, (error, bound) =>
		error ? reject(error) : resolve(bound),
	);
});

const Client = grpc.makeGenericClientConstructor(service, "Echo");
const client = new Client(
	`localhost:${port}`,
	grpc.credentials.createInsecure(),
);
for (const message of ["first", "second"]) {
	await new Promise((resolve, reject) => {
		client.echo(message, (error, answer) =>
			error ? reject(error) : resolve(answer),
		);
	});
}
client.close();
server.forceShutdown();
