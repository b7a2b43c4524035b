/** The Python that has PyTorch. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { home } from "../folders.ts";

/** Names it where the command line does not. */
export const pythonVariable = "BENCH_PYTHON";
/** Where it is looked for. */
const own = join(home, ".python");

/** @throws Error that says how to install PyTorch, where it is not there */
export function findPython(given: string | undefined): string {
	const python = given ?? process.env[pythonVariable] ?? join(own, "bin/python");
	const isThere = existsSync(python) || !python.includes("/");
	const { status } = isThere ? spawnSync(python, ["-c", "import torch"]) : { status: 1 };
	if (status === 0) return python;
	const folder = relative(process.cwd(), own);
	throw new Error(
		`${python} has no PyTorch: install it (python3 -m venv ${folder} && ${folder}/bin/pip install torch, or Debian's python3-torch with libopenblas0-pthread), or name a Python that has it by --python or ${pythonVariable}.`,
	);
}
