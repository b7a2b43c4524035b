/** Finds a Python with PyTorch. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { home } from "../folders.ts";

/** The environment variable with its path, if the command line has none. */
export const pythonVariable = "BENCH_PYTHON";
/** The virtual environment to use by default. */
const own = join(home, ".python");

/** @throws Error that says how to install PyTorch, if it is missing */
export function findPython(given: string | undefined): string {
	const python = given ?? process.env[pythonVariable] ?? join(own, "bin/python");
	const isThere = existsSync(python) || !python.includes("/");
	const { status } = isThere ? spawnSync(python, ["-c", "import torch"]) : { status: 1 };
	if (status === 0) return python;
	const folder = relative(process.cwd(), own);
	throw new Error(
		`${python} has no PyTorch: install it (python3 -m venv ${folder} && ${folder}/bin/pip install torch, or Debian's python3-torch with libopenblas0-pthread), or give a Python that has it with --python or ${pythonVariable}.`,
	);
}
