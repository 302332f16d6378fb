import type { Connection } from "./connection";

/** Connections by the agent that keeps them; those of no agent are left out. */
export class ConnectionsByAgent {
	private readonly sets = new Map<number, Set<Connection>>();

	add(connection: Connection): void {
		if (!connection.pool) return;
		const { agentId } = connection.pool;
		const known = this.sets.get(agentId);
		if (known) known.add(connection);
		else this.sets.set(agentId, new Set([connection]));
	}

	delete(connection: Connection): void {
		if (!connection.pool) return;
		const { agentId } = connection.pool;
		const known = this.sets.get(agentId);
		known?.delete(connection);
		if (known?.size === 0) this.sets.delete(agentId);
	}

	of(agentId: number): Iterable<Connection> {
		return this.sets.get(agentId) ?? [];
	}
}
