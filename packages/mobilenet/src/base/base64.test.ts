import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byCharacters, fromBase64 } from "./base64.ts";

/** Where the platform has its own, `fromBase64` is that. */
describe.each([
	["as this platform does it", fromBase64],
	["by characters", byCharacters],
])("base64 %s", (_, decode) => {
	// RFC 4648, section 10.
	it.each([
		["", ""],
		["Zg==", "f"],
		["Zm8=", "fo"],
		["Zm9v", "foo"],
		["Zm9vYg==", "foob"],
		["Zm9vYmE=", "fooba"],
		["Zm9vYmFy", "foobar"],
	])("%s is %s", (text, expected) => {
		expect(new TextDecoder().decode(decode(text))).toBe(expected);
	});

	it("gives back what was written", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
				expect(decode(Buffer.from(bytes).toString("base64"))).toEqual(bytes);
			}),
		);
	});

	it("refuses what is none", () => {
		expect(() => decode("Zm9v!mFy")).toThrow();
	});
});
