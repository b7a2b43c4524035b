/** Models by name, as a person loads them: from a server that serves ../shared/weights in the hub's own way. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { MobileNetError } from "../../src/base/error.ts";
import { packModel } from "../../src/catalog/index.ts";
import { loadModel, MobileNet } from "../../src/index.ts";
import { mobilenet } from "../support/cli.ts";
import { type HubServer, startHub } from "../support/hub-server.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const quant = "mobilenet_v1_0.25_128_quant.tflite";
const usual = "mobilenet_v1_0.5_160_quant.tflite";
const coral = "104342d2d3480b3e66203073dac24f4e2dbb4c41";
const commit = "0123456789abcdef0123456789abcdef01234567";

describeWithShared("models by name", [`weights/${quant}`, `weights/${usual}`, "data/photos"], () => {
	let server: HubServer;
	let folder: string;
	const macaw = shared("data/photos/macaw.jpg");
	const home = process.cwd();

	beforeAll(async () => {
		const bytes = async (file: string) => new Uint8Array(await readFile(shared(`weights/${file}`)));
		const text = (text: string) => new TextEncoder().encode(text);
		server = await startHub(
			{},
			{
				"google-coral/test_data": {
					commit: coral,
					files: new Map([
						[quant, await bytes(quant)],
						[usual, await bytes(usual)],
					]),
				},
				"own/network": {
					commit,
					files: new Map([
						["README.md", text("---\nlicense: mit\n---\n")],
						["small/model.tflite", await bytes(quant)],
					]),
				},
				"own/two": { commit, files: new Map(["a.tflite", "b.tflite"].map((path) => [path, text("TFL3")])) },
			},
		);
	});
	afterAll(async () => {
		vi.unstubAllEnvs();
		process.chdir(home);
		await server.close();
	});
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "mobilenet-names-"));
		for (const [name, value] of Object.entries({
			HF_HOME: join(folder, "hf"),
			MOBILENET_CACHE: join(folder, "own"),
			HF_ENDPOINT: server.endpoint,
			HF_HUB_CACHE: "",
			HF_HUB_OFFLINE: "",
		}))
			vi.stubEnv(name, value);
		process.chdir(folder);
		server.forget();
		return async () => {
			process.chdir(home);
			await rm(folder, { recursive: true, force: true });
		};
	});

	const refusal = async (source: string): Promise<string> => {
		const error = await loadModel(source).catch((error: unknown) => error);
		expect(error).toBeInstanceOf(MobileNetError);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	};

	test("imagenet alone is 0.5-160, with its license, and is fetched once", async () => {
		const model = await MobileNet.load("imagenet");
		expect((await model.classify(macaw))[0]!.label).toBe("macaw");
		expect(model.configuration).toMatchObject({ alpha: 0.5, size: 160, classes: 1001 });
		expect(model.model.preprocessing.fit).toEqual({ centralFraction: 0.875 });
		expect(model.model.source).toMatchObject({
			license: "Apache-2.0",
			origin: expect.stringMatching(/^Trained by Google/),
		});
		model.dispose();
		server.forget();
		await loadModel("imagenet/0.5-160", { preprocessing: { fit: "stretch" } }).then(({ preprocessing }) =>
			expect(preprocessing.fit).toBe("stretch"),
		);
		expect(server.asked).toEqual([]);
	});

	test("a repository of the hub, by its file, its folder and its revision", async () => {
		for (const name of [
			"hf:own/network",
			"hf:own/network@main",
			`hf:own/network@${commit}/small/model.tflite`,
			"hf:own/network/small/model.tflite",
		])
			expect((await loadModel(name)).configuration.alpha).toBe(0.25);
		expect(await refusal("hf:own/two")).toMatch(
			/^not-found: hf:own\/two holds several models: name one of them, such as hf:own\/two\/a\.tflite \(a\.tflite, b\.tflite\)\.$/,
		);
		expect(await refusal("hf:own/nothing")).toMatch(
			/cannot be fetched from .*own\/nothing \(the server answered 401/,
		);
		expect(await refusal("hf:network")).toMatch(/^usage: "hf:network" names no repository/);
		expect(await refusal("hf:own/network/../x")).toMatch(/^usage: /);
	});

	test("a name that is far too long is refused at once", async () => {
		for (const name of [`hf:a/${"b".repeat(1e6)}`, `hf:a/b/${"c/".repeat(5e5)}d`]) {
			const start = performance.now();
			expect(await refusal(name)).toMatch(/^usage: "hf:a\/.{1,60} names no repository of Hugging Face's hub/);
			expect(performance.now() - start).toBeLessThan(1000);
		}
	});

	test("a name that nothing has is told the nearest; a file of a name has a path", async () => {
		expect(await refusal("imagenet/0.5-161")).toMatch(
			/^usage: "imagenet\/0\.5-161" is not in the catalog of weights\. The nearest are imagenet\/0\.5-160, .* A file of that name is "\.\/imagenet\/0\.5-161"\.$/,
		);
		await mkdir("imagenet");
		await writeFile("imagenet/0.25-224", await readFile(shared(`weights/${quant}`)));
		expect((await loadModel("./imagenet/0.25-224")).configuration.size).toBe(128);
		expect(server.asked).toEqual([]);
	});

	test("an installed package goes first, one that holds others is passed over, a broken one is named", async () => {
		const model = await loadModel(shared(`weights/${quant}`));
		const install = async (name: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> => {
			await mkdir(join("node_modules", name), { recursive: true });
			for (const [path, content] of files) await writeFile(join("node_modules", name, path), content);
		};
		expect(await refusal("flowers/small")).toMatch(
			/^not-found: flowers\/small cannot be read: there is no such file/,
		);
		await install(
			"mobilenet-weights-flowers-small",
			packModel(model, { name: "flowers/small", license: "CC0-1.0" }),
		);
		await mkdir("below/deep", { recursive: true });
		process.chdir("below/deep");
		const flowers = await loadModel("flowers/small");
		expect(flowers.tensors).toEqual(model.tensors);
		expect(flowers.source).toMatchObject({
			license: "CC0-1.0",
			notes: [expect.stringMatching(/mobilenet-weights-flowers-small 1\.0\.0/)],
		});
		process.chdir("../..");
		const manifest = (weights: unknown) =>
			new Map([["package.json", JSON.stringify({ name: "x", version: "2.0.0", mobilenetWeights: weights })]]);
		await install("mobilenet-weights-imagenet", manifest({ "imagenet/0.25-128": "./no.tflite" }));
		expect((await loadModel("imagenet/0.5-160")).configuration.size).toBe(160);
		expect(await refusal("imagenet/0.25-128")).toMatch(
			/^broken-file: x 2\.0\.0 says that imagenet\/0\.25-128 is its file \.?\/?no\.tflite, which is not there: install the package again\.$/,
		);
		for (const [weights, sentence] of [
			[undefined, /has no "mobilenetWeights"/],
			[
				{ "imagenet/0.25-128": "../../x" },
				/gives "\.\.\/\.\.\/x" for "imagenet\/0\.25-128", where a path inside/,
			],
			[{ "imagenet/0.25-128": 7 }, /gives 7 for/],
		] as const) {
			await install("mobilenet-weights-imagenet-0.25-128", manifest(weights));
			expect(await refusal("imagenet/0.25-128")).toMatch(sentence);
		}
		await install("mobilenet-weights-imagenet-0.25-128", new Map([["package.json", "{"]]));
		expect(await refusal("imagenet/0.25-128")).toMatch(/package\.json is not JSON: /);
	});

	test("a name that cannot be one, a version that is none", async () => {
		const model = await loadModel(shared(`weights/${quant}`));
		for (const name of ["Flowers", "../x", "a/b/c", "", "a b"])
			expect(() => packModel(model, { name })).toThrow(/^a name of weights is of small letters/);
		expect(() => packModel(model, { name: "a", version: "1" })).toThrow(
			/^a version is such as 1\.0\.0, not "1"/,
		);
	});

	test("on the command line: listed, pulled, used offline, removed", async () => {
		const listed = async () => (await mobilenet(["models", "--here", "--json"])).stdout;
		expect(await listed()).toBe("");
		const { exitCode, stdout } = await mobilenet(["pull", "imagenet/0.25-128"]);
		expect([exitCode, stdout]).toEqual([
			0,
			expect.stringMatching(/^imagenet\/0\.25-128 {2}.*quant\.tflite \(525,598 bytes\)\n$/),
		]);
		expect(JSON.parse(await listed())).toMatchObject({
			name: "imagenet/0.25-128",
			here: true,
			license: "Apache-2.0",
		});
		vi.stubEnv("HF_HUB_OFFLINE", "1");
		const answer = await mobilenet(["classify", "--model", "imagenet/0.25-128", "--top", "1", macaw]);
		expect(answer.stdout).toMatch(/macaw \d+\.\d %\n$/);
		// What a mirror brought is there without it, too.
		vi.stubEnv("HF_ENDPOINT", "");
		expect(JSON.parse(await listed())).toMatchObject({ name: "imagenet/0.25-128" });
		expect((await mobilenet(["pull", "--remove", "imagenet/0.25-128"])).stdout).toBe(
			"imagenet/0.25-128: 525,598 bytes removed\n",
		);
		const offline = await mobilenet(["classify", "--model", "imagenet/0.25-128", macaw]);
		expect(offline.exitCode).toBe(1);
		expect(offline.stderr).toMatch(
			/^mobilenet: imagenet\/0\.25-128 is not on this machine, and nothing is fetched offline: .*\.\n$/,
		);
		expect((await mobilenet(["models"])).stdout).toMatch(
			/imagenet\/0\.5-160, imagenet +Google's 0\.5-160, uint8 +1\.4 +57\.7 +Apache-2\.0/,
		);
	});

	test("the command line makes a package that is found by its name", async () => {
		const { exitCode, stdout } = await mobilenet([
			"pack",
			shared(`weights/${quant}`),
			"--name",
			"birds",
			"-o",
			"node_modules/mobilenet-weights-birds",
		]);
		expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/the package mobilenet-weights-birds, \d/)]);
		const answer = await mobilenet(["classify", "--model", "birds", "--top", "1", macaw]);
		expect(answer.stdout).toMatch(/macaw \d+\.\d %\n$/);
		expect(
			(await mobilenet(["pack", "birds", "--name", "birds", "-o", "node_modules/mobilenet-weights-birds"]))
				.exitCode,
		).toBe(2);
	});
});
