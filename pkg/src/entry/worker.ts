import { plainBuild } from "../engine/plain-build.js";
import { serve } from "../pool/worker-main.js";

serve(plainBuild);
