// Times the steps of a reused request's span one by one: nanoseconds each, the best of many rounds, so that whatever
// else the machine does matters little. `node bench/micro.mjs [rounds]`
import { agent, BODY, reusedRequest, writerTo } from "./agent-parts.mjs";

const CALLS = 5000;
const rounds = Number(process.argv[2] ?? 200);

let written;
const keeping = writerTo((span) => {
	written = span;
});
const leaving = writerTo(() => {}, { reusedRatio: 0 });
keeping.requestEnded(reusedRequest());
const span = written;
const resource = agent.createResource({});
const protobuf = agent.otlpProtobuf(resource);
const json = agent.otlpJson(resource);
let spans = new agent.EncodedSpans();

function encode(encoding, one) {
	spans.add(one, encoding.append);
	if (spans.count === 512) spans = new agent.EncodedSpans(spans.clear());
}

const STEPS = {
	"make a request record": reusedRequest,
	"find the table in the body": () => agent.tableNames(BODY),
	"record, and leave the span out": () => leaving.requestEnded(reusedRequest()),
	"record, and make the span": () => keeping.requestEnded(reusedRequest()),
	"encode a span in protocol buffers": () => encode(protobuf, span),
	"encode a span in JSON": () => encode(json, span),
	"all of it": () => {
		keeping.requestEnded(reusedRequest());
		encode(protobuf, written);
	},
};

const bytes = (encoding) => {
	const one = new agent.EncodedSpans();
	one.add(span, encoding.append);
	return one.end;
};
console.log(
	`Node ${process.version}, a span in protocol buffers: ${bytes(protobuf)} bytes, in JSON: ${bytes(json)}`,
);
for (const [name, step] of Object.entries(STEPS)) {
	let best = Infinity;
	for (let round = 0; round < rounds; round++) {
		const begin = process.hrtime.bigint();
		for (let call = 0; call < CALLS; call++) step();
		best = Math.min(best, Number(process.hrtime.bigint() - begin) / CALLS);
	}
	console.log(`${best.toFixed(0).padStart(7)} ns  ${name}`);
}
