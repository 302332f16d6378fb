import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A container of a manifest, whatever runs it. */
export interface Container {
	readonly image: string;
	readonly command: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
	readonly mounts: readonly {
		readonly volume: string;
		readonly path: string;
		readonly readOnly: boolean;
	}[];
}

/** One that brings the agent, and when it is over, the one that is traced. */
export interface Containers {
	readonly bringing: Container;
	readonly traced: Container;
	readonly volumes: readonly string[];
}

export const DEPLOYMENT = "examples/kubernetes/deployment.yaml";
export const TASK_DEFINITION = "examples/ecs/task-definition.json";

/** What Kubernetes says of a pod to its containers. */
export const POD = {
	"metadata.name": "shop-5d8c7b9f4-x2x7q",
	"metadata.namespace": "store",
} as const;

interface PodContainer {
	image: string;
	command: string[];
	env?: {
		name: string;
		value?: string;
		valueFrom?: { fieldRef: { fieldPath: keyof typeof POD } };
	}[];
	volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}

export function readDeployment(): Containers {
	const { spec } = parse(readFileSync(DEPLOYMENT, "utf8")).spec.template;
	const read = ({
		image,
		command,
		env = [],
		volumeMounts,
	}: PodContainer): Container => {
		const environment: Record<string, string> = {};
		for (const { name, value, valueFrom } of env) {
			environment[name] = valueFrom
				? POD[valueFrom.fieldRef.fieldPath]
				: // Kubernetes knows the variables that were named before.
					String(value).replace(
						/\$\((\w+)\)/g,
						(reference, variable) => environment[variable] ?? reference,
					);
		}
		return {
			image,
			command,
			environment,
			mounts: volumeMounts.map(({ name, mountPath, readOnly = false }) => ({
				volume: name,
				path: mountPath,
				readOnly,
			})),
		};
	};
	return {
		bringing: read(spec.initContainers[0]),
		traced: read(spec.containers[0]),
		volumes: spec.volumes.map(({ name }: { name: string }) => name),
	};
}

interface TaskContainer {
	name: string;
	image: string;
	command: string[];
	dependsOn?: { containerName: string; condition: string }[];
	environment?: { name: string; value: string }[];
	mountPoints: {
		sourceVolume: string;
		containerPath: string;
		readOnly?: boolean;
	}[];
}

export function readTaskDefinition(): Containers {
	const { containerDefinitions, volumes } = JSON.parse(
		readFileSync(TASK_DEFINITION, "utf8"),
	);
	const read = ({
		image,
		command,
		environment = [],
		mountPoints,
	}: TaskContainer): Container => ({
		image,
		command,
		environment: Object.fromEntries(
			environment.map(({ name, value }) => [name, value]),
		),
		mounts: mountPoints.map(
			({ sourceVolume, containerPath, readOnly = false }) => ({
				volume: sourceVolume,
				path: containerPath,
				readOnly,
			}),
		),
	});
	const find = (matches: (container: TaskContainer) => unknown) =>
		read(containerDefinitions.find(matches));
	return {
		bringing: find(({ dependsOn }) => !dependsOn),
		traced: find(({ dependsOn }) => dependsOn),
		volumes: volumes.map(({ name }: { name: string }) => name),
	};
}
