/**
 * Begins to measure the processor's time that this thread takes, and gives what tells the milliseconds since. The clock
 * also counts what other processes did meanwhile: by it a promise such as "within a second" would depend on them.
 *
 * @example
 * const spent = processorTime();
 * read(bytes);
 * expect(spent()).toBeLessThan(1000);
 */
export function processorTime(): () => number {
	const before = process.threadCpuUsage();
	return () => {
		const { user, system } = process.threadCpuUsage(before);
		return (user + system) / 1000;
	};
}
