/** The trainers: the package with the version, the program, and the most threads. */

interface Trainer {
	/** The npm package; absent for PyTorch. */
	readonly package?: string;
	/** Its path in src/ without the ending. */
	readonly program: string;
	readonly mostThreads: number;
	/** Why it runs only if requested by name. */
	readonly slow?: string;
	/** Number of first steps, whose losses are compared. */
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
		slow: "a step takes a minute, and one of 1.0-224 twenty",
		firstSteps: 2,
	},
};

export const trainerNames = Object.keys(trainers) as readonly TrainerName[];
