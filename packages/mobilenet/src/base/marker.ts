/**
 * Short marks of long things, by which they are known again. No guard against people who mean harm: 53 bits, quickly mixed.
 */

/** Takes a thing in, part by part. */
export interface Marker {
	/** A number of 32 bits. */
	readonly word: (value: number) => void;
	/** Text, as long as it is: "ab" and "c" are not "a" and "bc". */
	readonly text: (text: string) => void;
	/** The mark of what came so far, 16 hexadecimal digits. */
	readonly value: () => string;
}

/** cyrb53 (bryc, public domain): two multiply-xor lanes of 32 bits. */
export function marker(): Marker {
	let [high, low] = [0xdeadbeef, 0x41c6ce57];
	const word = (value: number): void => {
		high = Math.imul(high ^ value, 2654435761);
		low = Math.imul(low ^ value, 1597334677);
		// Without turning, high bits would never reach low ones.
		high = (high << 13) | (high >>> 19);
		low = (low << 17) | (low >>> 15);
	};
	return {
		word,
		text: (text) => {
			for (let i = 0; i < text.length; i++) word(text.charCodeAt(i));
			word(-1);
		},
		value: () => {
			const a = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
			const b = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
			return [a, b].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
		},
	};
}
