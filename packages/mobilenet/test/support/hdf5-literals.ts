/**
 * Small HDF5 files that h5py 3.16 (HDF5 2.0) wrote, for the tests of the reader, deflated and in Base64.
 *
 *     with h5py.File("plain.h5", "w") as f:
 *         f.attrs["variable"] = "déjà vu"; f.attrs["fixed"] = np.bytes_(b"abc")
 *         f.attrs["names"] = np.array(["a", "", "ccc"], dtype=object)
 *         f.attrs["fixed_names"] = np.array([b"one", b"three"])
 *         f.attrs["none"] = np.array([]); f.attrs["number"] = 3
 *         t = h5py.h5t.C_S1.copy(); t.set_size(6); t.set_strpad(h5py.h5t.STR_SPACEPAD)
 *         h5py.h5a.create(f.id, b"spaces", t, h5py.h5s.create(h5py.h5s.SCALAR)).write(np.array(b"ab    ", "S6"))
 *         f["f32"] = np.arange(6, dtype="<f4").reshape(2, 3); f["g/f64"] = np.arange(3) / 2
 *         f["g/f16"] = np.array([1, -2], "<f2"); f["g/int"] = np.arange(3, dtype="i4")
 *         f["g/big"] = np.arange(3, dtype=">f4"); f["g/one"] = np.float32(7)
 *         f["soft"] = h5py.SoftLink("/g"); f.create_dataset("never", (3,), "f4")
 *         and "compact", np.arange(4, dtype="f4") in a layout of that kind
 *     with h5py.File("chunks.h5", "w") as f:
 *         x = np.arange(35, dtype="f4").reshape(5, 7)
 *         f.create_dataset("gzip", data=x, chunks=(2, 3), compression="gzip", shuffle=True)
 *         f.create_dataset("plain", data=x, chunks=(4, 4)); f.create_dataset("lzf", data=x, compression="lzf")
 *         y = np.arange(24, dtype="<f8").reshape(2, 3, 4)
 *         f.create_dataset("three", data=y, chunks=(1, 2, 3), compression="gzip")
 *     h5py.File("latest.h5", "w", libver="latest"); h5py.File("order.h5", "w", track_order=True)
 */
import { unzlibSync } from "fflate";

const packed = {
	plain:
		"eNrtWsFu00AQHdtx6oagurRSAxdcgSDAgQBRxQEpRjSQQ0Ur4MCNJqkDAZJUSRr1Ro7h1gsSx3Irf4HUC5/RT+gflLV3xrEX7CgI" +
		"FavdV0XT3Z3dnX2enU08+7my+vRi5koGXBgGpMCEIE4Qm3fCZWrfRKmgHKE8UKl+1mvLYb2J41sallHv1Yty2dU+EUDz2GkucyBx" +
		"HlEpP95w5WssP0T5Uw3rNR7c9+RbLPc6jb4r72JF2xk4XSbrndZ2td73/daKmHce/VX06yxUfP9eBAMG1W6zWvvoUL/LiuL1NP29" +
		"YYT2yey4yqvLQh7/T7NqAxrNXWeLlRdYoxboV63Vcf5tX3+R7Yp2teX04uZVeAm3nS+VgB0pMt4Y62iBshpad5ZV57idb2h2bq8e" +
		"mI8eD8lOm1HUf9d1HOLRxvF0vg5PgfFulXBaG4oXoHiCBtO4IrJQwHFmPMvaO62a+6BNA/xxgvxrfr+838/lvce8wl3KAjM4HeLd" +
		"YuB2KoGBFOqvhterCese857zus5bV5FvC5YMWPqE7TqzwW1XVRUfDY94mkKhT4yAu/91X758vr7qclKgOH07Xh9dCQp6vB6dQqOZ" +
		"8PliLmP/a1zmabxb8ePlhPNMnbDvTxuK9ze2k+KOuN5/jWdP1teUAOGh+MSwdfj9/eG+NdiJ8Od6vR4qE1LC94Kq0L43J880CQkJ" +
		"CQkJCQkJCQkJCYnTxbAE3gsym32G7LNvh9uPSlwel+AR/KDf9fQuoDSkt2tHtuRSQkJCQkIi+fg9n8UzEFH5wnH+6s/5uej8VS4i" +
		"fzVKFB+T7iEcCHknifMF8R4C5T03hPxcY6XI5b0VTzbb3jUEqDX5RQRMc/v5sUn+RHlWC8vmzXh9yp8eX4/Xo3zspESov2tvxOvR" +
		"OqyEbpBJ8U68rzCOd3NYZ0JGhwylL6PjXQEpSyU63k0f/01P1b1XkQo4TjQPReQhK8y8d7bOw+Vp73PYEbwk3T/C95j+/j7LWsT+" +
		"+HpGvy9Nyw9980i6f6R5PIjgg55ualo+FIEP/0QLvqsCuBTwx29f9A9J4+cXPL2qJg==",
	chunks:
		"eNrtW11oU0sQnj0/yUl7mjb+NWpKo2j9x4hVC+I1lcZWBBV/QEEkoq0WghStUuVeLaX+QVGRy+U+3AvxIaKgUKQPfdIqKPogaJ9E" +
		"fCi+WEFE8KUoWOdk9+Qkm5xGrP/OR6fDzn5nd7KzSWd30rNNDWvLSqaVgAXDAA0qIBujAhdW5rbt/rjQTOgzQl9RbDtL9wWFPSDG" +
		"l3lbN8diFntUgj1PROM6CITfEU2x+k2W3i7ac4W+r+Ty9h1rbbN0W2J36wHU7fsPNjejThxrydmnkU+cl4GHP8PsNp+ZKdygC55X" +
		"aLmt4o61mIFwNfAtHIZKAypPZPhGul9R+YClUJduM/G6lHQ/g0P7D7e0JJrFGJYf3L63uSWxu92xG+Idoipqh24PYbkBNqVuXHHY" +
		"smFjA8OhDNEOq2Pzw3b8iiy4/anTWzk2z37/j8z8ufez9XnHwJf3eTelyHO95VzLPDkM9wRPXk6P1H4meJPA2SyF8NaFJ8/rrSjM" +
		"k+edLniTRVtzmXexC0+et6Eidx9pLvPuyP3zluH5ivhBIBAIBAKB8L3QsWtPPKqUmeVBLfiqKhSqYoHLyo20FU6f0ks8/ujQ8DCe" +
		"Ao6r7Wlrp2qazDT9pnnONMG/gF3k5u6uU5OnH6nrYjBrkfaC2875lvr/6x8yPDD/f/08t+mmuSIYDN02IHCUvec27+I/YF1jY2PY" +
		"BzNuqX9yY7W5MDr4+IGvSYHyfnaHu+SPvNRqmKLBeu5+52r8FcUflCEUqMeUDSWMEkdpQ+lEOYNyBaUXpR9lwLIjP4kyEBVHOLRF" +
		"UTbV8/YF1P+iJEX7PupHKE9Eewj1MMoblJH6z1j7NZgeohhrPjtwnupXl0yvMRtSsWRftworGpWE1QHM742cZHtDj2IQGIEUt+ne" +
		"yN2kltqWrK0BqNnJ5nDzMm8khmlqxTXYxw1lFk9PHU72sb+Xdw+u9cOyd8pF3rfKGrenCsedOgjPuW0i8uMlqYfpcRd9YHFuPsTH" +
		"nXgEOvKDlb34cuCyAyEHMTsockCzA5QXnHEtNoFAIPx6YKB/0/vIrPvEgaBzRaI5VyUd33U9+D2alnePFi3yXKu4B5J58v3PVYnn" +
		"dj/00oUn8+cFCs+n0f0TgUAgEAgEwlfOo+W6Pq+LM5Ub5PqmnZe52Z28erWojUehthRqR9XCeXUp5t3pOn9mfrd6fljk35oxy6Y6" +
		"NX3DeUXjq+vzPNrIy6OnfuLzrSKvneTSL9druwRfrk+71Z//EfyAC18e/7oghsBZtLFwU/KfFfH/qeQ/K+L/a8l/VsR/fYK8Xwvz" +
		"DXorEwgEAoFAIBB+iPPU1/6e9Nyc8xP8ZfWrme95W2Po2NeTyZMzdYztSxwXvM4RrumLrgc/T+X/P0NPkbPIFCnvl9eJ6gMEAoFA" +
		"IBAIvxY+Avn3OHA=",
	latest: "eNrr9HBx4+WS4mLm4GCAgf9QsBnKN4DSU0PDuv09XIKYGCqYhJAVwgAXEwMjUDiCgWbg6M4TawBd8iFS",
	order: "eNrr9HBx4+WS4mIAAQ4OBhYGAQZk8B8KvBlR+TD5BAb8wN/DJYiJ5wGTEpjHjG4sOuBiYoBYtIphSIHgLXyVACJCLsY=",
} as const;

export function hdf5Literal(name: keyof typeof packed): Uint8Array<ArrayBuffer> {
	return new Uint8Array(unzlibSync(new Uint8Array(Buffer.from(packed[name], "base64"))));
}
