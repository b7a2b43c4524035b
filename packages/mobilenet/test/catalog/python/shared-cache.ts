/**
 * One cache, two languages: what Python's huggingface_hub fetches is read here without a request, and the other way round,
 * against a server on this machine. Installs huggingface_hub into an environment of its own beside this file, which git
 * ignores.
 *
 *   node --conditions=mobilenet-source packages/mobilenet/test/catalog/python/shared-cache.ts
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { digestOf } from "../../../src/base/download.ts";
import { cached, remove, weightFiles } from "../../../src/catalog/weights.ts";
import { commits, type HubServer, sha256, someBytes, startHub } from "../../support/hub-server.ts";
import { missing, shared } from "../../support/shared-paths.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const environment = here("environment");
const python = join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
const requirements = here("requirements.txt");

if (!existsSync(python)) {
	execFileSync("python3", ["-m", "venv", environment], { stdio: "inherit" });
	execFileSync(python, ["-m", "pip", "install", "--quiet", "-r", requirements], { stdio: "inherit" });
}

const published = "weights/mobilenet_v1_0.25_128_quant.tflite";
const model =
	missing([published]) === undefined ? new Uint8Array(readFileSync(shared(published))) : someBytes(500_000);
const contents: Readonly<Record<string, Uint8Array>> = {
	"model.tflite": model,
	"labels.txt": someBytes(300),
	"sub/folder/other file.bin": someBytes(5000),
};
const files = Object.keys(contents).map((path) => ({ path }));
const digests = Object.fromEntries(Object.entries(contents).map(([path, bytes]) => [path, sha256(bytes)]));
const main = [{ hub: "owner/name", revision: "main" }];
const pinned = [{ hub: "owner/name", revision: commits[0] }];

const server = await startHub(contents);
process.env.HF_ENDPOINT = server.endpoint;
process.env.HF_HUB_DISABLE_TELEMETRY = "1";
process.env.HF_HUB_DISABLE_XET = "1";
for (const name of ["HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE"]) delete process.env[name];
console.log(
	execFileSync(python, ["-c", "import huggingface_hub as h; print('huggingface_hub', h.__version__)"], {
		encoding: "utf8",
	}).trim(),
);

try {
	await inNewCache("Python fetches a branch, and it is read here without a request", async () => {
		assert.deepEqual(await inPython("fill", "owner/name", "main", ...Object.keys(contents)), digests);
		await withoutRequest(server, async () => {
			assert.deepEqual(await digestsOf(pinned, files), digests);
			assert.deepEqual(await digestsOf(main, files, true), digests);
			assert.deepEqual(await digestsOf(main, undefined, true), digests);
			assert.equal((await cached(files, main))?.files.length, files.length);
		});
	});

	await inNewCache("Python fetches a commit, and it is read here without a request", async () => {
		await inPython("fill", "owner/name", commits[0], ...Object.keys(contents));
		await withoutRequest(server, async () => assert.deepEqual(await digestsOf(pinned, files), digests));
	});

	await inNewCache(
		"what is fetched here, Python reads without a request and scans without a warning",
		async () => {
			assert.deepEqual(await digestsOf(main, files), digests);
			await withoutRequest(server, async () => {
				assert.deepEqual(await inPython("read", "owner/name", "main", ...Object.keys(contents)), digests);
				assert.deepEqual(await inPython("read", "owner/name", commits[0], ...Object.keys(contents)), digests);
				assert.deepEqual(await inPython("snapshot", "owner/name", "main"), digests);
				assert.deepEqual(await inPython("scan"), {
					warnings: [],
					bytes: Object.values(contents).reduce((sum, { length }) => sum + length, 0),
					repositories: {
						"owner/name": { [commits[0]]: [["main"], ["labels.txt", "model.tflite", "other file.bin"]] },
					},
				});
			});
		},
	);

	await inNewCache("without links as well", async () => {
		process.env.HF_HUB_DISABLE_SYMLINKS = "1";
		try {
			assert.deepEqual(await digestsOf(main, files), digests);
			await withoutRequest(server, async () => {
				assert.deepEqual(await inPython("snapshot", "owner/name", "main"), digests);
				assert.deepEqual(((await inPython("scan")) as { warnings: unknown }).warnings, []);
			});
		} finally {
			delete process.env.HF_HUB_DISABLE_SYMLINKS;
		}
	});

	await inNewCache(
		"each fetches a part, and a new commit of the other's, with the blobs that are there",
		async () => {
			await inPython("fill", "owner/name", "main", "labels.txt");
			assert.deepEqual(await digestsOf(main, [{ path: "model.tflite" }]), {
				"model.tflite": digests["model.tflite"],
			});
			server.commit = commits[1];
			server.forget();
			assert.deepEqual(await inPython("fill", "owner/name", "main", "model.tflite"), {
				"model.tflite": digests["model.tflite"],
			});
			assert.deepEqual(await digestsOf(main, [{ path: "labels.txt" }]), {
				"labels.txt": digests["labels.txt"],
			});
			assert.deepEqual(
				server.asked.filter(({ method, path }) => method === "GET" && path.startsWith("store")),
				[],
			);
			assert.deepEqual(((await inPython("scan")) as { repositories: unknown }).repositories, {
				"owner/name": {
					[commits[0]]: [[], ["labels.txt", "model.tflite"]],
					[commits[1]]: [["main"], ["labels.txt", "model.tflite"]],
				},
			});
			console.log("  what is removed here is gone for Python, and what is left is whole");
			await remove(undefined, main);
			assert.deepEqual(await inPython("scan"), {
				warnings: [],
				bytes: model.length + 300,
				repositories: { "owner/name": { [commits[0]]: [[], ["labels.txt", "model.tflite"]] } },
			});
			console.log("  and the other way round");
			await inPython("delete", commits[0]);
			assert.equal(await cached([{ path: "model.tflite" }], pinned), undefined);
		},
	);

	await inNewCache("a line that was cut leaves nothing that Python warns of or reads", async () => {
		server.mischief = ({ path }, response) => {
			if (!path.startsWith("store")) return false;
			response.writeHead(200, { "content-length": model.length, etag: '"x"' });
			response.write(model.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		await assert.rejects(weightFiles(files, main, { tries: 1 }));
		server.mischief = undefined;
		assert.deepEqual(((await inPython("scan")) as { warnings: unknown }).warnings, []);
		assert.deepEqual(await inPython("fill", "owner/name", "main", ...Object.keys(contents)), digests);
		await withoutRequest(server, async () => assert.deepEqual(await digestsOf(pinned, files), digests));
	});
} finally {
	await server.close();
}

async function inNewCache(what: string, check: () => Promise<void>): Promise<void> {
	const home = mkdtempSync(join(tmpdir(), "mobilenet-python-"));
	process.env.HF_HOME = home;
	server.commit = commits[0];
	server.mischief = undefined;
	try {
		await check();
		console.log(`ok  ${what}`);
	} finally {
		rmSync(home, { recursive: true, force: true });
	}
}

async function withoutRequest({ asked, forget }: HubServer, work: () => Promise<void>): Promise<void> {
	forget();
	await work();
	assert.deepEqual(
		asked.map(({ method, path }) => `${method} ${path}`),
		[],
	);
}

async function digestsOf(
	sources: Parameters<typeof weightFiles>[1],
	wanted: Parameters<typeof weightFiles>[0],
	offline = false,
): Promise<Record<string, string>> {
	const found = await weightFiles(wanted, sources, { offline });
	assert.deepEqual(found.notes, []);
	const digests: Record<string, string> = {};
	for (const path of found.paths) digests[path] = await digestOf(await found.read(path));
	return digests;
}

async function inPython(...command: readonly string[]): Promise<unknown> {
	const { stdout, stderr } = await promisify(execFile)(python, [here("cache.py"), ...command]);
	const said = stderr.split("\n").filter((line) => /warning|error/i.test(line));
	assert.deepEqual(said, [], "Python said something");
	return JSON.parse(stdout);
}
