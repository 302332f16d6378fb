/**
 * The options in a pool key of `https.Agent`, in order, after host, port and local address. Values are never told:
 * some are secrets. Checked on Node 20, 22, 24, 26.
 */
const TLS_OPTIONS = [
	"ca",
	"cert",
	"clientCertEngine",
	"ciphers",
	"key",
	"pfx",
	"rejectUnauthorized",
	"servername",
	"minVersion",
	"maxVersion",
	"secureProtocol",
	"crl",
	"honorCipherOrder",
	"ecdhCurve",
	"dhparam",
	"secureOptions",
	"sessionIdContext",
	"sigalgs",
	"privateKeyIdentifier",
	"privateKeyEngine",
];

/** Names the options in which two pool keys differ. */
export function differingOptions(key: string, otherKey: string): string {
	const own = split(key);
	const other = split(otherKey);
	if (hasTlsOptions(own) !== hasTlsOptions(other)) {
		return "protocol (the agent took one of both requests for http, the other for https)";
	}
	if (own[0] !== other[0]) return "spelling of the host";
	if (!hasTlsOptions(own)) {
		return own[2] === other[2] ? "family" : "localAddress";
	}
	if (own.length === other.length) return namesOf(own, other).join(", ");
	const [shorter, longer] =
		own.length < other.length ? [own, other] : [other, own];
	const aligned = withoutFamily(longer);
	return aligned.length === shorter.length
		? ["family", ...namesOf(aligned, shorter)].join(", ")
		: "set of options (localAddress, family or another part of the pool key)";
}

function split(key: string): string[] {
	return key.split(":");
}

function hasTlsOptions(parts: readonly string[]): boolean {
	return parts.length >= TLS_OPTIONS.length;
}

/** The family stands in a key only where the request names one, in front of the TLS options. */
function withoutFamily(parts: readonly string[]): readonly string[] {
	const place = parts.length - TLS_OPTIONS.length - 1;
	return /^[46]$/.test(parts[place] ?? "") ? parts.toSpliced(place, 1) : parts;
}

function namesOf(own: readonly string[], other: readonly string[]): string[] {
	const names = own.flatMap((part, index) =>
		part === other[index] ? [] : [nameOf(index, own.length)],
	);
	return [...new Set(names)];
}

/** PEM texts and IPv6 addresses hold no colon-separated options of their own, so positions count from the end. */
function nameOf(index: number, length: number): string {
	const fromEnd = TLS_OPTIONS.length - (length - index);
	return TLS_OPTIONS[fromEnd] ?? "localAddress or family";
}
