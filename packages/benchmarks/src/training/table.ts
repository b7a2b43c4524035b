/** What trains: where each one's version is, which program runs it, and on how many threads it can. */

interface Trainer {
	/** Of npm; PyTorch is none. */
	readonly package?: string;
	/** Its path in src/ without its ending. */
	readonly program: string;
	readonly mostThreads: number;
	/** Why it runs only where it is asked for by name. */
	readonly slow?: string;
	/** Steps that are made first, whose losses are compared. */
	readonly firstSteps: number;
}

const any = Number.POSITIVE_INFINITY;

export type TrainerName = "mobilenet" | "pytorch" | "tfjs-cpu";

export const trainers: Readonly<Record<TrainerName, Trainer>> = {
	mobilenet: { package: "mobilenet", program: "training/mobilenet", mostThreads: any, firstSteps: 3 },
	pytorch: { program: "training/pytorch", mostThreads: any, firstSteps: 3 },
	"tfjs-cpu": {
		package: "@tensorflow/tfjs-backend-cpu",
		program: "training/tfjs-cpu",
		mostThreads: 1,
		slow: "a step takes it a minute, and of 1.0-224 twenty",
		firstSteps: 2,
	},
};

export const trainerNames = Object.keys(trainers) as readonly TrainerName[];
