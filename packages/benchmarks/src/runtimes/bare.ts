/** No runtime at all: what Node and the benchmark's own few lines take. */
import { serve } from "./serve.ts";
import { timed } from "./timed.ts";

serve(async () => timed([0], () => []));
