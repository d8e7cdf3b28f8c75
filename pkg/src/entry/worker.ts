import { serve } from "../pool/worker-main.js";

serve();
