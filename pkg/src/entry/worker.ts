import { answerMessages } from "../pool/worker-main.js";

answerMessages();
