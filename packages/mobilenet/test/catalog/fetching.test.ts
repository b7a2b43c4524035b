import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Downloaded, type DownloadOptions, download } from "../../src/base/download.ts";
import { fetchBytes } from "../../src/base/fetch.ts";
import type { Progress } from "../../src/base/progress.ts";
import { unfetched } from "../../src/base/request.ts";
import { etagOf, type HubServer, type Mischief, sha256, someBytes, startHub } from "../support/hub-server.ts";

const file = someBytes(200_000);
const digest = { kind: "sha256", hex: sha256(file) } as const;
const half = 100_000;

let server: HubServer;
let address: string;
beforeAll(async () => {
	server = await startHub({ file });
	address = `${server.endpoint}/files/file`;
});
afterAll(() => server.close());
const waits: number[] = [];
const sleep = async (milliseconds: number): Promise<void> => {
	waits.push(milliseconds);
};
beforeEach(() => {
	waits.length = 0;
	server.mischief = undefined;
	server.files.set("file", file);
	server.forget();
});
afterEach(() => vi.unstubAllEnvs());

/** The download, or its sentence. */
const get = async (options: DownloadOptions = {}, from = address): Promise<Downloaded> => {
	try {
		return await download(from, { sleep, ...options });
	} catch (error) {
		throw unfetched(from, error);
	}
};
const ranges = (): readonly (string | undefined)[] => server.asked.map(({ headers }) => headers.range);
/** Does this to the first so many requests. */
const first = (count: number, mischief: Mischief): Mischief => {
	let left = count;
	return (...all) => left-- > 0 && mischief(...all);
};
/** Sends so many bytes of the range that is asked for, then cuts the line. */
const cutAfter =
	(count: number): Mischief =>
	({ headers }, response) => {
		const from = Number(/\d+/.exec(headers.range ?? "0"));
		response.writeHead(from > 0 ? 206 : 200, {
			"content-length": file.length - from,
			etag: `"${etagOf(file)}"`,
			...(from > 0 ? { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
		});
		response.write(file.subarray(from, from + count), () => setTimeout(() => response.destroy(), 20));
		return true;
	};
const answer =
	(status: number, headers: Record<string, string> = {}): Mischief =>
	(_, response) => {
		response.writeHead(status, headers).end("<html>the body says anything</html>");
		return true;
	};

describe("a line that is cut", () => {
	it("is taken up where it was", async () => {
		server.mischief = first(2, cutAfter(50_000));
		const seen: Progress[] = [];
		const { bytes } = await get({ digest, onProgress: (progress) => seen.push(progress) });
		expect(bytes).toEqual(file);
		expect(ranges()).toEqual([undefined, "bytes=50000-", "bytes=100000-"]);
		expect(server.asked[1]!.headers["if-range"]).toBe(`"${etagOf(file)}"`);
		expect(waits).toEqual([500, 500]);
		expect(seen.every(({ loaded }, n) => loaded > (seen[n - 1]?.loaded ?? 0))).toBe(true);
		expect(seen.at(-1)).toMatchObject({ loaded: file.length, total: file.length });
	});

	it("begins anew where the server does not do ranges", async () => {
		const whole: Mischief = (_, response) => {
			response.writeHead(200, { etag: `"${etagOf(file)}"`, "content-length": file.length }).end(file);
			return true;
		};
		const cut = first(1, cutAfter(half));
		server.mischief = (...all) => cut(...all) || whole(...all);
		expect((await get({ digest })).bytes).toEqual(file);
		expect(ranges()).toEqual([undefined, `bytes=${half}-`]);
	});

	it("begins anew where the file has changed", async () => {
		const changed = someBytes(200_001);
		server.mischief = (asked, response, send) => {
			server.files.set("file", changed);
			server.mischief = undefined;
			return cutAfter(half)(asked, response, send);
		};
		const offsets: number[] = [];
		const onChunk = (_: Uint8Array, offset: number): void => {
			offsets.push(offset);
		};
		expect((await get({ onChunk })).bytes).toEqual(changed);
		expect(ranges()).toEqual([undefined, `bytes=${half}-`]);
		expect(offsets.filter((offset) => offset === 0)).toHaveLength(2);
	});

	it("begins anew where a server says 206 of another version", async () => {
		server.files.set("file", someBytes(300_000));
		const old = first(1, cutAfter(half));
		server.mischief = (asked, response, send) => {
			if (old(asked, response, send)) return true;
			if (!asked.headers.range) return false;
			response
				.writeHead(206, { etag: '"other"', "content-range": `bytes ${half}-299999/300000` })
				.end(new Uint8Array(200_000));
			return true;
		};
		expect((await get()).bytes).toEqual(someBytes(300_000));
		expect(ranges()).toEqual([undefined, `bytes=${half}-`, undefined]);
	});

	it("is given up after four tries that brought nothing", async () => {
		server.mischief = cutAfter(0);
		await expect(get()).rejects.toMatchObject({
			code: "not-found",
			message: expect.stringMatching(/\/files\/file cannot be fetched: .+ \(tried 4 times\)\.$/),
		});
		expect(server.asked).toHaveLength(4);
		expect(waits).toEqual([500, 1000, 2000]);
	});

	it("is given up after 32 tries, however little each brought", async () => {
		server.mischief = cutAfter(10);
		await expect(get()).rejects.toThrow(/\(tried 32 times\)\.$/);
	});

	it("goes on with what an earlier download left", async () => {
		const begun = { bytes: file.slice(0, half), etag: `"${etagOf(file)}"` };
		expect((await get({ begun })).bytes).toEqual(file);
		expect(ranges()).toEqual([`bytes=${half}-`]);
		server.forget();
		await get({ begun: { bytes: file.slice(), etag: undefined }, bytes: file.length, digest });
		expect(server.asked).toEqual([]);
		// More than there is, and half of another version; neither counts as a try.
		await get({ begun: { bytes: new Uint8Array(200_001), etag: '"x"' }, tries: 1 });
		server.forget();
		await get({ begun: { bytes: new Uint8Array(half), etag: undefined }, digest, tries: 1 });
		expect(ranges()).toEqual([`bytes=${half}-`, undefined]);
	});
});

describe("a server that answers", () => {
	it.each([429, 500, 502, 503])("%s is asked again", async (status) => {
		server.mischief = first(3, answer(status));
		expect((await get()).bytes).toEqual(file);
		expect(waits).toEqual([500, 1000, 2000]);
	});

	it.each([
		["2", [2000]],
		["soon", [500]],
	])("429 with Retry-After %s is left alone for as long", async (after, expected) => {
		server.mischief = first(1, answer(429, { "retry-after": after }));
		await get();
		expect(waits).toEqual(expected);
	});

	it("429 with a date is left alone until then", async () => {
		server.mischief = first(1, answer(429, { "retry-after": new Date(Date.now() + 10_000).toUTCString() }));
		await get();
		expect(waits[0]).toBeGreaterThan(8000);
		expect(waits[0]).toBeLessThanOrEqual(10_000);
	});

	it("429 for an hour is not waited for", async () => {
		server.mischief = answer(429, { "retry-after": "3600" });
		await expect(get()).rejects.toThrow(
			/the server answered 429 Too Many Requests and asks to be left alone for 3600 seconds\.$/,
		);
		expect(waits).toEqual([]);
	});

	it.each([
		[403, "the server answered 403 Forbidden"],
		[404, "the server answered 404 Not Found"],
		[410, "the server answered 410 Gone"],
	])("%s is asked once, and its body is not shown", async (status, words) => {
		server.mischief = answer(status);
		const message = `${address} cannot be fetched: ${words}.`;
		await expect(get()).rejects.toMatchObject({ code: "not-found", message });
		await expect(fetchBytes(address)).rejects.toMatchObject({ code: "not-found", message });
		expect(server.asked).toHaveLength(2);
	});

	it("503 for longer than numbers go is not waited for", async () => {
		server.mischief = answer(503, { "retry-after": "9".repeat(400) });
		await expect(get()).rejects.toThrow(/and asks to be left alone for 31536000 seconds\.$/);
		expect(waits).toEqual([]);
	});

	it("500 each time is given up, also for pictures", async () => {
		server.mischief = answer(500);
		const message = `${address} cannot be fetched: the server answered 500 Internal Server Error (tried 4 times).`;
		await expect(get()).rejects.toMatchObject({ message });
		await expect(fetchBytes(address, { sleep })).rejects.toMatchObject({ message });
		expect(waits).toEqual([500, 1000, 2000, 500, 1000, 2000]);
		await expect(fetchBytes(address, { sleep, tries: 1 })).rejects.toThrow(/500 Internal Server Error\.$/);
	});

	it("500 once gives a picture all the same", async () => {
		server.mischief = first(1, answer(500));
		expect(await fetchBytes(address, { sleep })).toEqual(file);
	});

	it("with nothing is not waited for longer than told", async () => {
		server.mischief = () => true;
		await expect(get({ idle: 30, tries: 1 })).rejects.toThrow(
			/cannot be fetched: nothing came for 0\.03 seconds\.$/,
		);
	});

	it("with half of it and then nothing is asked for the rest", async () => {
		server.mischief = first(1, (_, response) => {
			response.writeHead(200, { "content-length": file.length, etag: `"${etagOf(file)}"` });
			response.write(file.subarray(0, half));
			return true;
		});
		expect((await get({ idle: 200 })).bytes).toEqual(file);
		expect(ranges()).toEqual([undefined, `bytes=${half}-`]);
	});

	it("slowly, but with something each time, is waited for", async () => {
		server.mischief = (_, response) => {
			let sent = 0;
			const timer = setInterval(() => {
				response.write(file.subarray(sent, sent + 20_000));
				sent += 20_000;
				if (sent < file.length) return;
				clearInterval(timer);
				response.end();
			}, 75);
			return true;
		};
		expect((await get({ idle: 500 })).bytes).toEqual(file);
	});
});

describe("bytes that are not the right ones", () => {
	it("are refused by their digest, without another try", async () => {
		server.files.set("file", someBytes(200_001));
		await expect(get({ digest })).rejects.toThrow(/its bytes are not those that it should have\.$/);
		expect(server.asked).toHaveLength(1);
	});

	it("are refused where they are a part that nobody asked for", async () => {
		server.mischief = answer(206, { "content-range": "bytes 5-9/10" });
		await expect(get()).rejects.toThrow(/the server answered 206 Partial Content\.$/);
		await expect(fetchBytes(address)).rejects.toThrow(/the server answered 206 Partial Content\.$/);
		expect(server.asked).toHaveLength(2);
	});

	it("are refused where a success has none", async () => {
		for (const status of [202, 204]) {
			server.mischief = answer(status);
			await expect(get()).rejects.toThrow(new RegExp(`the server answered ${status} \\w+( \\w+)?\\.$`));
			await expect(fetchBytes(address)).rejects.toThrow(new RegExp(`the server answered ${status} `));
		}
	});

	it("are not begun where there should be more than may come", async () => {
		for (const bytes of [half + 1, Number.POSITIVE_INFINITY])
			await expect(get({ bytes, most: half })).rejects.toThrow(/: it has more than 100000 bytes\.$/);
		expect(server.asked).toHaveLength(2);
	});

	it("are refused where the server announces too many", async () => {
		await expect(get({ bytes: 199_999 })).rejects.toThrow(
			/it has more than the 199999 bytes it should have\.$/,
		);
		await expect(get({ most: half })).rejects.toThrow(/it has more than 100000 bytes\.$/);
		await expect(fetchBytes(address, { most: half })).rejects.toThrow(/it has more than 100000 bytes\.$/);
	});

	it("are refused where the server sends too many without a word, before the last has come", async () => {
		let sent = 0;
		server.mischief = (_, response) => {
			const more = (): void => {
				if (response.destroyed) return;
				response.write(file);
				sent += file.length;
				setTimeout(more, 5);
			};
			more();
			return true;
		};
		await expect(get({ bytes: file.length })).rejects.toThrow(/more than the 200000 bytes it should have\.$/);
		await expect(get({ most: file.length })).rejects.toThrow(/it has more than 200000 bytes\.$/);
		expect(sent).toBeLessThan(100 * file.length);
	});

	it("are asked for again where there are too few", async () => {
		server.mischief = first(1, (_, response) => {
			response.writeHead(200, { etag: `"${etagOf(file)}"` }).end(file.subarray(0, half));
			return true;
		});
		expect((await get({ bytes: file.length })).bytes).toEqual(file);
		server.mischief = (_, response) => {
			response.writeHead(200).end(file.subarray(0, half));
			return true;
		};
		await expect(get({ bytes: file.length })).rejects.toThrow(
			/it ended after 100000 of 200000 bytes \(tried 4 times\)\.$/,
		);
	});
});

it("where there is a proxy, Node is to be told of it", async () => {
	const nowhere = "http://nobody.invalid/model";
	const hint = /HTTP_PROXY is set, but Node uses it only when started with --use-env-proxy \(.*\)\.$/;
	vi.stubEnv("http_proxy", "http://127.0.0.1:1");
	await expect(fetchBytes(nowhere, { tries: 1 })).rejects.toThrow(hint);
	vi.stubEnv("NO_PROXY", "localhost,.invalid");
	await expect(fetchBytes(nowhere, { tries: 1 })).rejects.not.toThrow(hint);
	vi.stubEnv("NO_PROXY", "");
	vi.stubEnv("NODE_USE_ENV_PROXY", "1");
	await expect(fetchBytes(nowhere, { tries: 1 })).rejects.not.toThrow(hint);
});
