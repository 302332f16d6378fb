import type { HostSummary } from "../../../model";
import type { PageRun } from "../../page";
import { panel } from "../dom";
import { count, decimal, percent } from "../format";
import { pagedTable } from "./paged-table";

export function hostsPanel({ hosts }: PageRun): HTMLElement {
	const table = pagedTable<HostSummary>("Hosts", [
		{ head: "host", words: true, cell: ({ host }) => host },
		{ head: "requests", number: true, cell: ({ requests }) => count(requests) },
		{
			head: "connections",
			number: true,
			cell: ({ connections }) => count(connections),
		},
		{ head: "fresh", number: true, cell: ({ fresh }) => count(fresh) },
		{
			head: "reused",
			number: true,
			cell: ({ fresh, reused }) => percent(reused, fresh + reused),
		},
		{
			head: "DNS lookups",
			number: true,
			cell: ({ dnsLookups }) => count(dnsLookups),
		},
		{
			head: "set-up, ms",
			number: true,
			cell: ({ setupMs }) => decimal(setupMs),
		},
		{
			head: "fresh p50, ms",
			number: true,
			cell: ({ freshLatency }) => decimal(freshLatency?.p50Ms),
		},
		{
			head: "p95",
			number: true,
			cell: ({ freshLatency }) => decimal(freshLatency?.p95Ms),
		},
		{
			head: "reused p50, ms",
			number: true,
			cell: ({ reusedLatency }) => decimal(reusedLatency?.p50Ms),
		},
		{
			head: "p95",
			number: true,
			cell: ({ reusedLatency }) => decimal(reusedLatency?.p95Ms),
		},
	]);
	table.show(hosts);
	return panel("Hosts", "", table.root);
}
