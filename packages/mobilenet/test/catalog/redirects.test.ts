/** Where the fetcher lets itself be led, each refusal with its sentence. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Downloaded, type DownloadOptions, download } from "../../src/base/download.ts";
import { fetchBytes } from "../../src/base/fetch.ts";
import { unfetched } from "../../src/base/request.ts";
import { type HubServer, type Mischief, someBytes, startHub } from "../support/hub-server.ts";

const file = someBytes(200_000);

let server: HubServer;
let address: string;
beforeAll(async () => {
	server = await startHub({ file });
	address = `${server.endpoint}/files/file`;
});
afterAll(() => server.close());
beforeEach(() => {
	server.mischief = undefined;
	server.files.set("file", file);
	server.forget();
});
afterEach(() => vi.unstubAllEnvs());

/** The download, or its sentence. */
const get = async (options: DownloadOptions = {}, from = address): Promise<Downloaded> => {
	try {
		return await download(from, options);
	} catch (error) {
		throw unfetched(from, error);
	}
};
const answer =
	(status: number, headers: Record<string, string> = {}): Mischief =>
	(_, response) => {
		response.writeHead(status, headers).end("<html>the body says anything</html>");
		return true;
	};

describe("redirects", () => {
	/** `/r/3` leads to `/r/2` …, and `/r/0` to the file. */
	const chain: Mischief = ({ path }, response) => {
		const left = /\/r\/(\d)$/.exec(path)?.[1];
		if (left === undefined) return false;
		response.writeHead(302, { location: left === "0" ? "/files/file" : `/r/${Number(left) - 1}` }).end();
		return true;
	};

	it("are followed five times", async () => {
		server.mischief = chain;
		expect((await get({}, `${server.endpoint}/r/4`)).bytes).toEqual(file);
		expect(await fetchBytes(`${server.endpoint}/r/4`)).toEqual(file);
		await expect(get({}, `${server.endpoint}/r/5`)).rejects.toThrow(
			/\/r\/5 cannot be fetched: it leads on more than 5 times\.$/,
		);
	});

	it("are not followed where they are not wanted", async () => {
		server.mischief = chain;
		await expect(fetchBytes(`${server.endpoint}/r/0`, { redirects: 0 })).rejects.toThrow(
			/\/r\/0 cannot be fetched: it leads on to 127\.0\.0\.1:\d+, which is not followed unless the option redirects allows it\.$/,
		);
		expect(server.asked).toHaveLength(1);
	});

	it("never take a token to another host, nor back", async () => {
		server.mischief = ({ path }, response) => {
			if (path === "hub /away") response.writeHead(302, { location: `${server.store}/back` }).end();
			else if (path === "store /back") response.writeHead(307, { location: `${server.endpoint}/own` }).end();
			else if (path === "hub /own") response.writeHead(308, { location: "/files/file" }).end();
			else return false;
			return true;
		};
		expect((await get({ token: "secret" }, `${server.endpoint}/own`)).bytes).toEqual(file);
		expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
			"Bearer secret",
			"Bearer secret",
		]);
		server.forget();
		expect((await get({ token: "secret" }, `${server.endpoint}/away`)).bytes).toEqual(file);
		expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
			"Bearer secret",
			...[undefined, undefined, undefined],
		]);
	});

	it("say which host refused", async () => {
		server.mischief = ({ path }, response) => {
			if (path.startsWith("hub")) response.writeHead(302, { location: `${server.store}/none` }).end();
			else response.writeHead(403).end();
			return true;
		};
		await expect(get()).rejects.toThrow(/cannot be fetched: 127\.0\.0\.1:\d+ answered 403 Forbidden\.$/);
	});

	it.each([
		["file:///etc/passwd", /it leads from http to file\.$/],
		["http://[", /the server answered 302 with an address that is none\.$/],
		["http://me:secret@localhost/", /it leads to an address with a user's name or a password in it\.$/],
	])("to %s are refused", async (location, words) => {
		server.mischief = answer(302, { location });
		await expect(get()).rejects.toThrow(words);
	});
});

it("addresses with a password are refused without showing it", async () => {
	const words = /^https:\/\/…@localhost\/model cannot be fetched: addresses with a user's name or a password/;
	await expect(get({}, "https://me:secret@localhost/model")).rejects.toThrow(words);
	await expect(fetchBytes("https://me:secret@localhost/model")).rejects.toThrow(words);
});

/** A certificate that nobody vouches for, made for this test. */
function certificate(): { readonly key: Buffer; readonly cert: Buffer } | undefined {
	const folder = mkdtempSync(join(tmpdir(), "mobilenet-tls-"));
	const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
	const made = spawnSync("openssl", [
		..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(
			" ",
		),
		...["-keyout", key, "-out", cert],
	]);
	const pair = made.status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
	rmSync(folder, { recursive: true });
	return pair;
}

const pair = certificate();
if (!pair) console.warn("skipped: from https to http: there is no openssl to make a certificate");

it.skipIf(!pair)("a redirect from https to http is refused", async () => {
	const secure = createTlsServer(pair!, (request, response) => {
		if (request.url === "/down") response.writeHead(302, { location: address }).end();
		else response.end("secure");
	});
	await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
	const origin = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
	vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
	try {
		expect(new TextDecoder().decode((await get({}, `${origin}/`)).bytes)).toBe("secure");
		await expect(get({}, `${origin}/down`)).rejects.toThrow(
			/\/down cannot be fetched: it leads from https to http\.$/,
		);
		await expect(fetchBytes(`${origin}/down`)).rejects.toThrow(/it leads from https to http\.$/);
		expect(server.asked).toEqual([]);
	} finally {
		secure.closeAllConnections();
		await new Promise((resolve) => secure.close(resolve));
	}
});
