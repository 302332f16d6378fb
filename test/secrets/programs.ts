import type { ClientRequest } from "node:http";
import type { RequestOptions } from "node:https";
import type { Scenario } from "../support/scenario.js";

export const KINDS = [
	"authorization",
	"cookie",
	"apiKey",
	"sessionToken",
	"proxyPassword",
	"header",
	"query",
	"presigned",
	"user",
	"password",
	"fragment",
	"pathParameter",
	"body",
	"trailer",
	"errorMessage",
	"passphrase",
	"secretAccessKey",
	"item",
	"responseCookie",
	"responseHeader",
	"responseBody",
	"responseTrailer",
	"statusMessage",
	"collectorHeader",
	"argument",
	"environment",
	"event",
	"clientContext",
	"identity",
	"xray",
	"result",
	"protocol",
] as const;

export type Kind = (typeof KINDS)[number];

export type Secrets = Readonly<Record<Kind, string>>;

/** What the programs are given. */
export interface Values {
	readonly secrets: Secrets;
	/** Servers that put secrets into everything they say. */
	readonly plain: string;
	readonly secure: string;
	readonly secure2: string;
	/** Nobody listens there. */
	readonly refused: number;
	/** URLs with credentials, of one that serves and one that refuses. */
	readonly proxies: readonly string[];
	/** PEM; the program proves itself with them. */
	readonly key: string;
	readonly cert: string;
	readonly undici?: string;
}

export type Program = Scenario<Values>;

/** Everything that a request can carry, and every way in which one can end. */
export const byHttp: Program = async ({ http, https, values, once }) => {
	const { secrets, plain, secure, refused, key, cert } = values;
	const encoded = (text: string) => encodeURIComponent(text);
	const target = (origin: string, path: string) => {
		const url = new URL(
			`${path};jsessionid=${encoded(secrets.pathParameter)}?token=${encoded(secrets.query)}&X-Amz-Signature=${encoded(secrets.presigned)}&${encoded(secrets.query)}#${encoded(secrets.fragment)}`,
			origin,
		);
		url.username = secrets.user;
		url.password = secrets.password;
		return url;
	};
	const headers = {
		authorization: `Bearer ${secrets.authorization}`,
		cookie: [`session=${secrets.cookie}`, `other=${secrets.cookie}`],
		"x-api-key": secrets.apiKey,
		"x-amz-security-token": secrets.sessionToken,
		"x-amz-target": secrets.header,
		"amz-sdk-request": `attempt=1; max=3; ${secrets.header}`,
		"proxy-authorization": `Basic ${Buffer.from(`user:${secrets.proxyPassword}`).toString("base64")}`,
		"user-agent": secrets.header,
		referer: secrets.header,
		"x-forwarded-for": secrets.header,
		trailer: "x-trailer",
		"transfer-encoding": "chunked",
	};
	const send = async (
		url: URL | string,
		options: RequestOptions,
		act: (request: ClientRequest) => void = () => {},
	) => {
		const secureUrl = String(url).startsWith("https:");
		let request: ClientRequest;
		try {
			request = (secureUrl ? https : http).request(url, {
				method: "POST",
				headers,
				...options,
			});
		} catch {
			// What a program hears of a URL or an option that cannot be.
			return;
		}
		request.on("error", () => {});
		request.on("response", (response) =>
			response.on("error", () => {}).resume(),
		);
		const closed = once(request, "close");
		try {
			act(request);
		} catch {
			// Of a header that cannot be.
		}
		request.write(secrets.body);
		request.addTrailers({ "x-trailer": secrets.trailer });
		request.end();
		await closed;
	};
	const failure = () =>
		Object.assign(new Error(secrets.errorMessage), {
			name: `Error ${secrets.errorMessage}`,
			code: `E ${secrets.errorMessage}`,
		});
	for (const origin of [plain, secure]) {
		const client = origin === plain ? http : https;
		const agent = new client.Agent({ keepAlive: true });
		for (const path of [
			"/",
			"/",
			"/status/302",
			"/status/404",
			"/status/503",
			"/half",
			"/drop",
		]) {
			await send(target(origin, path), { agent });
		}
		await send(target(origin, "/never"), { agent }, (request) =>
			request.on("finish", () => request.destroy(failure())),
		);
		await send(target(origin, "/never"), { timeout: 20 }, (request) =>
			request.on("timeout", () => request.destroy(failure())),
		);
		const controller = new AbortController();
		await send(
			target(origin, "/never"),
			{ agent, signal: controller.signal },
			(request) => request.on("finish", () => controller.abort(failure())),
		);
		await send(target(origin, "/"), { agent }, (request) =>
			request.setHeader("x-bad", `${secrets.header}\u0001`),
		);
		await send(target(origin, "/"), { agent }, (request) =>
			request.setHeader("expect", "100-continue"),
		);
		// What the pool keeps them apart by.
		await send(target(origin, "/"), {
			agent,
			key,
			cert,
			passphrase: secrets.passphrase,
			sessionIdContext: secrets.passphrase.slice(0, 20),
			localAddress: "127.0.0.1",
		});
		await send(target(origin, "/"), {
			agent,
			lookup: (_, __, done) =>
				done(Object.assign(failure(), { code: "ENOTFOUND" }), "", 4),
		});
		await send(target(origin.replace(/\d+$/, String(refused)), "/"), {});
		agent.destroy();
	}
	await send(target(secure, "/"), { ca: [] });
	await send(target(secure, "/"), { checkServerIdentity: failure });
	await send(target(secure, "/"), { servername: "other.test" });
	await send(target(secure, "/"), { key: `${secrets.passphrase}`, cert });
	await send(target(secure.replace("https", "http"), "/"), {});
	await send(target(plain.replace("http", "https"), "/"), {});
	await send(`http://user:${encoded(secrets.password)}@[bad/`, {});
	await send(plain, { path: `/${secrets.query} ` });
	// User information where a name should be.
	const lookup: RequestOptions["lookup"] = (_, __, done) =>
		done(Object.assign(failure(), { code: "ENOTFOUND" }), "", 4);
	for (const client of [http, https]) {
		const request = client.get({
			host: `user:${secrets.password}@localhost`,
			lookup,
		});
		request.on("error", () => {});
		await once(request, "close");
	}
	const agent = new http.Agent({ keepAlive: true });
	agent.createConnection = () => {
		throw failure();
	};
	await send(target(plain, "/"), { agent });
};

/** The built-in fetch, or a copy of undici from npm with its other ways to make a request. */
export const byFetch: Program = async ({ undici, values, sleep }) => {
	const { secrets, plain, secure, refused, key, cert } = values;
	const query = `?token=${encodeURIComponent(secrets.query)}&X-Amz-Signature=${encodeURIComponent(secrets.presigned)}#${encodeURIComponent(secrets.fragment)}`;
	const headers = {
		authorization: `Bearer ${secrets.authorization}`,
		cookie: `session=${secrets.cookie}`,
		"x-api-key": secrets.apiKey,
		"x-amz-security-token": secrets.sessionToken,
		"x-amz-target": secrets.header,
	};
	const failure = () =>
		Object.assign(new Error(secrets.errorMessage), {
			code: `E ${secrets.errorMessage}`,
		});
	const ignore = () => {};
	const { fetch } = undici ?? globalThis;
	for (const origin of [plain, secure]) {
		const send = async (path: string, options: object = {}) => {
			const response = await fetch(`${origin}${path}${query}`, {
				method: "POST",
				headers,
				body: secrets.body,
				...options,
			});
			await response.text();
		};
		for (const path of ["/", "/", "/status/302", "/status/503", "/half"])
			await send(path).catch(ignore);
		await send("/drop").catch(ignore);
		const controller = new AbortController();
		const aborted = send("/never", { signal: controller.signal });
		await sleep(50);
		controller.abort(failure());
		await aborted.catch(ignore);
		await send("/", { headers: { "x-bad": `${secrets.header}\n` } }).catch(
			ignore,
		);
		await fetch(
			`${origin.replace("//", `//user:${encodeURIComponent(secrets.password)}@`)}/`,
		).catch(ignore);
		await fetch(`${origin.replace(/\d+$/, String(refused))}/${query}`, {
			headers,
		}).catch(ignore);
		if (!undici) continue;
		const { pathname: path, search } = new URL(`/${query}`, origin);
		const options = {
			path: path + search,
			method: "POST" as const,
			headers,
			body: secrets.body,
		};
		const pool = new undici.Pool(origin, {
			connect: { key, cert, passphrase: secrets.passphrase },
		});
		for (let call = 1; call <= 2; call++) {
			const { body } = await pool.request(options);
			await body.dump();
		}
		await pool.request({ ...options, path: `/drop${search}` }).catch(ignore);
		await pool.destroy(failure());
		const distrusting = new undici.Client(origin, { connect: { ca: [] } });
		await distrusting
			.request(options)
			.then(({ body }) => body.dump())
			.catch(ignore);
		await distrusting.destroy();
	}
};

export const byHttp2: Program = async ({ http2, values, once }) => {
	const { secrets, secure2, refused, key, cert } = values;
	const headers = {
		":method": "POST",
		authorization: `Bearer ${secrets.authorization}`,
		cookie: `session=${secrets.cookie}`,
		"x-api-key": secrets.apiKey,
		"x-amz-target": secrets.header,
	};
	const query = `?token=${encodeURIComponent(secrets.query)}#${encodeURIComponent(secrets.fragment)}`;
	const failure = () =>
		Object.assign(new Error(secrets.errorMessage), {
			code: `E ${secrets.errorMessage}`,
		});
	const user = `user:${encodeURIComponent(secrets.password)}@`;
	const session = http2.connect(secure2.replace("//", `//${user}`), {
		key,
		cert,
		passphrase: secrets.passphrase,
	});
	session.on("error", () => {});
	for (const path of ["/", "/status/503", "/reset/2", "/half/2", "/never"]) {
		const stream = session.request({
			...headers,
			":path": path + query,
			":authority": `${user}localhost:${new URL(secure2).port}`,
		});
		stream.on("error", () => {}).resume();
		stream.end(secrets.body);
		if (path === "/never") setTimeout(() => stream.destroy(failure()), 20);
		await once(stream, "close");
	}
	session.destroy(failure());
	for (const [url, options] of [
		[`https://${user}localhost:${refused}`, {}],
		[secure2, { ca: [] }],
	] satisfies [string, import("node:http2").SecureClientSessionOptions][]) {
		const failing = http2.connect(url, options);
		failing.on("error", () => {});
		const stream = failing.request({ ...headers, ":path": `/${query}` });
		stream.on("error", () => {});
		await once(stream, "close");
		failing.destroy();
	}
};

export const byAws: Program = async ({ load, values }) => {
	const { secrets, plain, secure, refused } = values;
	const { DynamoDBClient, PutItemCommand, BatchWriteItemCommand } = await load<
		typeof import("@aws-sdk/client-dynamodb")
	>("@aws-sdk/client-dynamodb");
	const { createRequire } = process.getBuiltinModule("node:module");
	const load2 = createRequire(process.argv[1] ?? "");
	load2("aws-sdk/lib/maintenance_mode_message").suppress = true;
	const DynamoDB = load2("aws-sdk/clients/dynamodb");
	const S3 = load2("aws-sdk/clients/s3");
	const credentials = {
		accessKeyId: "AKIATESTKEYOFNOBODY0",
		secretAccessKey: secrets.secretAccessKey,
		sessionToken: secrets.sessionToken.replace("é", ""),
	};
	const item = {
		userId: { S: secrets.item },
		TableName: { S: secrets.item },
		text: { S: `{"TableName":"${secrets.item}"}` },
		[secrets.item]: { M: { TableName: { S: secrets.item } } },
	};
	const ignore = () => {};
	for (const endpoint of [
		plain,
		secure,
		`${secure}/status/400`,
		`${secure}/status/500`,
		`${secure}/drop`,
		`https://localhost:${refused}`,
	]) {
		const settings = { endpoint, region: "eu-west-1", credentials };
		const v3 = new DynamoDBClient({ ...settings, maxAttempts: 2 });
		await v3
			.send(new PutItemCommand({ TableName: "events", Item: item }))
			.catch(ignore);
		await v3
			.send(
				new BatchWriteItemCommand({
					RequestItems: { events: [{ PutRequest: { Item: item } }] },
				}),
			)
			.catch(ignore);
		v3.destroy();
		const v2 = new DynamoDB({ ...settings, maxRetries: 1 });
		await v2
			.putItem({ TableName: "events", Item: item })
			.promise()
			.catch(ignore);
		const s3 = new S3({
			...settings,
			maxRetries: 0,
			s3ForcePathStyle: true,
		});
		const presigned = s3.getSignedUrl("getObject", {
			Bucket: "bucket",
			Key: "key",
		});
		await fetch(presigned)
			.then((response) => response.text())
			.catch(ignore);
	}
};

export const byProxy: Program = async ({ http, values, once }) => {
	const { secrets, plain, secure, proxies } = values;
	const { createRequire } = process.getBuiltinModule("node:module");
	const load = createRequire(process.argv[1] ?? "");
	const { HttpProxyAgent } = load("http-proxy-agent");
	const { HttpsProxyAgent } = load("https-proxy-agent");
	const https = load("node:https");
	const { ProxyAgent } = load("undici-7");
	const path = `/?token=${encodeURIComponent(secrets.query)}`;
	const headers = { authorization: `Bearer ${secrets.authorization}` };
	const answered = async (request: ClientRequest) => {
		request.on("error", () => {});
		request.on("response", (response) =>
			response.on("error", () => {}).resume(),
		);
		await once(request, "close");
	};
	for (const proxy of proxies) {
		const { hostname, port, username, password } = new URL(proxy);
		const auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
		const basic = `Basic ${Buffer.from(auth).toString("base64")}`;
		// As axios does it.
		await answered(
			http.get({
				host: hostname,
				port,
				path: `${plain.replace("//", `//user:${encodeURIComponent(secrets.password)}@`)}${path}`,
				headers: { ...headers, "proxy-authorization": basic },
			}),
		);
		await answered(
			http.get(plain + path, { agent: new HttpProxyAgent(proxy), headers }),
		);
		const agent = new HttpsProxyAgent(proxy, { keepAlive: true });
		for (let call = 1; call <= 2; call++)
			await answered(https.get(secure + path, { agent, headers }));
		agent.destroy();
		// By hand.
		const tunnel = http.request({
			host: hostname,
			port,
			method: "CONNECT",
			path: new URL(secure).host,
			headers: { ...headers, "proxy-authorization": basic },
		});
		tunnel.on("error", () => {}).end();
		const [, socket] = (await once(tunnel, "connect")) as [
			unknown,
			import("node:net").Socket,
		];
		socket.on("error", () => {}).destroy();
		const dispatcher = new ProxyAgent(proxy);
		await fetch(secure + path, { headers, dispatcher } as object)
			.then((response) => response.text())
			.catch(() => {});
		await dispatcher.close();
		// Where Node reads the proxy from its own environment.
		for (const [client, origin] of [
			[http, plain],
			[https, secure],
		] as const) {
			const proxyEnv = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
			const own = new client.Agent({ ...{ proxyEnv } });
			await answered(client.get(origin + path, { agent: own, headers }));
			own.destroy();
		}
	}
};

export const bySocket: Program = async ({ net, tls, values, once }) => {
	const { secrets, plain, secure, refused, key, cert } = values;
	const port = (origin: string) => Number(new URL(origin).port);
	const failure = () =>
		Object.assign(new Error(secrets.errorMessage), {
			code: `E ${secrets.errorMessage}`,
		});
	const use = async (socket: import("node:net").Socket, event: string) => {
		socket.on("error", () => {});
		const closed = once(socket, "close");
		socket.once(event, () => {
			socket.write(`AUTH ${secrets.password}\r\n${secrets.body}`);
			socket.destroy(failure());
		});
		await closed;
	};
	const host = "localhost";
	await use(net.connect(port(plain), host), "connect");
	await use(net.connect(refused, host), "connect");
	await use(
		net.connect({
			port: port(plain),
			host,
			lookup: (_, __, done) => done(failure(), "", 4),
		}),
		"connect",
	);
	const options = {
		host,
		port: port(secure),
		servername: host,
		key,
		cert,
		passphrase: secrets.passphrase,
		session: Buffer.from(secrets.sessionToken),
		ALPNProtocols: ["http/1.1"],
	};
	await use(tls.connect(options), "secureConnect");
	await use(tls.connect({ ...options, ca: [] }), "secureConnect");
	await use(
		tls.connect({ ...options, checkServerIdentity: failure }),
		"secureConnect",
	);
	await use(tls.connect({ ...options, port: port(plain) }), "secureConnect");
	const named = tls.connect({
		...options,
		servername: `user:${secrets.password}@localhost`,
		checkServerIdentity: () => undefined,
		ALPNProtocols: [secrets.protocol],
	});
	let agreed: unknown;
	named.on("secureConnect", () => {
		agreed = named.alpnProtocol;
	});
	await use(named, "secureConnect");
	if (!agreed) throw new Error("no protocol was agreed on");
};

/** The drivers of databases, which send what they know before they hear of a fault. */
export const byDriver: Program = async ({ load, values }) => {
	const { secrets, plain, refused } = values;
	const ignore = () => {};
	const { default: pg } = await load<typeof import("pg")>("pg");
	const { Redis } = await load<typeof import("ioredis")>("ioredis");
	const { createConnection } =
		await load<typeof import("mysql2/promise")>("mysql2/promise");
	// The first speaks another language.
	for (const port of [Number(new URL(plain).port), refused]) {
		const account = {
			host: "localhost",
			port,
			user: secrets.user,
			password: secrets.password,
			database: secrets.user,
		};
		const client = new pg.Client({
			...account,
			connectionTimeoutMillis: 500,
		});
		client.on("error", ignore);
		await client.connect().catch(ignore);
		await client.end().catch(ignore);
		const url = `redis://user:${encodeURIComponent(secrets.password)}@localhost:${port}/`;
		const redis = new Redis(url, {
			retryStrategy: () => null,
			connectTimeout: 500,
			commandTimeout: 500,
		});
		redis.on("error", ignore);
		await redis.set("key", secrets.body).catch(ignore);
		redis.disconnect();
		await createConnection({ ...account, connectTimeout: 500 })
			.then(async (connection) => {
				await connection.query("SELECT ?", [secrets.body]);
				connection.destroy();
			})
			.catch(ignore);
	}
};
