import { embeddedBuild } from "../engine/embedded-build.js";
import { serve } from "../pool/worker-main.js";

serve(embeddedBuild);
