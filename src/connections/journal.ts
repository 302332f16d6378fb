import type { Connection } from "./connection";
import type { Ending } from "./ending";
import type { Reason } from "./reason";
import type { PreviousConnection } from "./reasons";
import { Roster } from "./roster";
import { shortKey } from "./short-key";

const ENDED_PER_HOST = 32;
const AGENTS_COUNTED = 1000;
const MAX_HOSTS = 1000;

/** What is remembered of an ended connection. It holds on to nothing of the program. */
class EndedConnection implements PreviousConnection {
	/** Its end already explains a later connection of its pool. */
	replaced = false;

	constructor(
		readonly id: string,
		private readonly ending: Ending,
		readonly agentId: number | undefined,
		readonly key: string | undefined,
	) {}

	get reason(): Reason {
		return this.ending.reason;
	}

	get detail(): string {
		return this.ending.detail;
	}
}

/** The connections of this process to one host and port. */
export class HostRecord {
	/** Connections begun, but for those that have ended bare. */
	begun = 0;
	/** Requests carried to this host. */
	requests = 0;
	/** Connections without a request that failed since the last one that came about. */
	failuresInRow = 0;
	private readonly agentIds = new Set<number>();
	readonly open = new Set<Connection>();
	readonly idle = new Roster<Connection>();
	private readonly ended: EndedConnection[] = [];

	begin(connection: Connection): void {
		this.begun += 1;
		this.open.add(connection);
	}

	/** The connection turned out to be to another server. */
	withdraw(connection: Connection): void {
		this.begun -= 1;
		this.open.delete(connection);
		this.idle.delete(connection);
	}

	/** Agents that made connections to this host; counted no further than they matter. */
	get agents(): number {
		return this.agentIds.size;
	}

	madeBy(agentId: number): void {
		if (this.agentIds.size < AGENTS_COUNTED) this.agentIds.add(agentId);
	}

	/**
	 * Moves a connection that has its `ending` from the open to the ended ones. One that nobody used explains nothing:
	 * what it had replaced does.
	 */
	end(connection: Connection): void {
		this.open.delete(connection);
		this.idle.delete(connection);
		const { id, pool, ending, unasked, decision } = connection;
		if (!ending) return;
		if (connection.bare) {
			this.begun -= 1;
			return;
		}
		if (unasked) {
			this.markReplaced(decision?.previousId, false);
			return;
		}
		const key = pool && shortKey(pool.key);
		this.ended.push(new EndedConnection(id, ending, pool?.agentId, key));
		if (this.ended.length > ENDED_PER_HOST) this.ended.shift();
	}

	lastEnded(): PreviousConnection | undefined {
		return this.ended.at(-1);
	}

	/** The last ended connection of a pool that no later connection has replaced yet. */
	lastEndedInPool(
		agentId: number,
		key: string,
	): PreviousConnection | undefined {
		const short = shortKey(key);
		return this.ended.findLast(
			(ended) =>
				ended.agentId === agentId && ended.key === short && !ended.replaced,
		);
	}

	markReplaced(id: string | undefined, replaced = true): void {
		const ended = this.ended.find((candidate) => candidate.id === id);
		if (ended) ended.replaced = replaced;
	}
}

/** The hosts of this process, bounded: of hosts without an open connection the one known for the longest is forgotten first. */
export class Journal {
	private readonly hosts = new Map<string, HostRecord>();

	get records(): Iterable<HostRecord> {
		return this.hosts.values();
	}

	of(host: string, port: number): HostRecord {
		const name = `${host.toLowerCase()}:${port}`;
		const known = this.hosts.get(name);
		if (known) return known;
		if (this.hosts.size >= MAX_HOSTS) this.forgetOne();
		const record = new HostRecord();
		this.hosts.set(name, record);
		return record;
	}

	private forgetOne(): void {
		for (const [name, record] of this.hosts) {
			if (record.open.size === 0) {
				this.hosts.delete(name);
				return;
			}
		}
	}
}
