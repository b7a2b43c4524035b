/** Addresses as a page, a worker and a server without either see them; the page is played by its two properties. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { absolute } from "./fetch.ts";

describe("an address is made absolute", () => {
	afterEach(() => vi.unstubAllGlobals());

	it("against the page's base, which a <base> may have moved", () => {
		vi.stubGlobal("location", { href: "https://example.org/pages/index.html" });
		vi.stubGlobal("document", { baseURI: "https://example.org/files/" });
		expect(absolute("model.json").href).toBe("https://example.org/files/model.json");
	});

	it("against the script of a worker", () => {
		vi.stubGlobal("location", { href: "https://example.org/scripts/worker.js" });
		expect(absolute("../model.json").href).toBe("https://example.org/model.json");
	});

	it("not at all where it is whole", () => {
		expect(absolute("https://example.org/model.json").href).toBe("https://example.org/model.json");
	});

	it("or refused in one sentence where there is nothing to be relative to", () => {
		expect(() => absolute("model.json")).toThrow(
			/^model\.json is not a complete address, and there is no page to complete it: .*\.$/,
		);
		vi.stubGlobal("location", { href: "blob:null/2f1c" });
		expect(() => absolute("model.json")).toThrow(
			/^model\.json is not a complete address, and blob:null\/2f1c cannot complete it: .*\.$/,
		);
	});
});
