// The texts of the interface in English. A value is a text, or a function that returns one. Those that are not shown before a
// part is opened or a link is made are in en-parts.js.

const bytesOf = (bytes, unit) => (bytes < 1000 ? `${bytes} ${unit}` : `${(bytes / 1000).toFixed(1)} kB`);
const s = (count) => (count === 1 ? "" : "s");

export default {
  "other-language": "中文",
  "comma": ", ",
  "skip": "Skip to the text",
  "nav.label": "Parts of this page",
  "nav.try": "Try it",
  "nav.bulk": "Many texts",
  "nav.teach": "Your labels",
  "nav.model": "Your model",
  "nav.speed": "Speed",
  "nav.docs": "Docs",

  "try.title": "Dip a sentence.",
  "try.lede":
    "A small neural network reads it here, inside your browser: how it feels, which emotions are in it, whether it hurts. Nothing you type leaves this page.",
  "try.label": "Your text",
  "try.placeholder.english": "Type or paste anything in English",
  "try.placeholder.multilingual": "Chinese, English, Spanish, French, German, Italian, Portuguese, Hindi, Arabic",
  "try.placeholder.own": "Type or paste a text",
  "try.idle": "Ready. The strip changes colour as you type.",
  "try.no-choices": "Enter at least one label.",
  "try.failed": "The text could not be read",
  "try.work": "Progress",
  "try.facts": (tokens, ms) => `${tokens} token${s(tokens)} · ${ms} ms`,
  "try.parts": (parts, tokens) => `Read in ${parts} parts: the model reads at most ${tokens} tokens at once.`,
  "try.reading": (done, total) => `Reading passage ${done} of ${total}`,
  "try.unknown": "The model cannot read most of this: don’t rely on the label.",
  "try.with": (name) => `Your model: ${name}`,

  "packaged.label": "Model",
  "packaged.english": "English",
  "packaged.multilingual": "9 languages",

  "task.label": "Tasks",
  "task.sentiment": "Sentiment",
  "task.emotion": "Emotion",
  "task.toxicity": "Toxicity",
  "task.taught": "Your labels",
  "task.own": "Its labels",
  "task.zero-shot": "Any labels",
  "field.pair": "Does this follow from it?",
  "field.choices": "Labels, separated by commas",

  "emotion.none": "no clear emotion",
  "emotion.hint": "Bold: the score reaches the emotion’s threshold. Choose an emotion to colour its words.",
  "gauges.none": "nothing flagged",
  "gauges.limit": (label) => `Threshold for ${label}`,
  "gauges.above": (score) => `${score}, flagged`,
  "gauges.below": (score) => `${score}, below the threshold`,
  "gauges.hint":
    "Move a threshold: a label whose score reaches it is flagged. The initial thresholds were fitted on held-out texts.",
  "gauges.reset": "Back to the model’s thresholds",
  "taught.other": "none of your labels",

  "load.fetching": "Fetching the model",
  "load.bytes": (loaded, total) => `Fetching the model: ${loaded}${total ? ` of ${total}` : ""} MB`,
  "load.preparing": "Preparing the model",
  "load.meanwhile": "You can type already: the text is read as soon as the model has loaded.",
  "load.failed": "The classifier could not start",
  "load.retry": "Try again",
  "load.broken": "A part of this page could not be loaded. Check the connection, then reload the page.",

  "label.negative": "negative",
  "label.neutral": "neutral",
  "label.positive": "positive",
  "label": "no label",
  "label.admiration": "admiration",
  "label.amusement": "amusement",
  "label.anger": "anger",
  "label.annoyance": "annoyance",
  "label.approval": "approval",
  "label.caring": "caring",
  "label.confusion": "confusion",
  "label.curiosity": "curiosity",
  "label.desire": "desire",
  "label.disappointment": "disappointment",
  "label.disapproval": "disapproval",
  "label.disgust": "disgust",
  "label.embarrassment": "embarrassment",
  "label.excitement": "excitement",
  "label.fear": "fear",
  "label.gratitude": "gratitude",
  "label.grief": "grief",
  "label.joy": "joy",
  "label.love": "love",
  "label.nervousness": "nervousness",
  "label.optimism": "optimism",
  "label.pride": "pride",
  "label.realization": "realization",
  "label.relief": "relief",
  "label.remorse": "remorse",
  "label.sadness": "sadness",
  "label.surprise": "surprise",
  "label.toxic": "toxic",
  "label.hateful": "hateful",

  "why.toggle": "Colour the words that decided",
  "why.idle": "Words that speak for the label are underlined, those against it dashed.",
  "why.even": "No single word decided.",
  "why.working": (done, total) => `Weighing the words: ${done} of ${total}`,
  "why.cannot": "Predictions with labels of your choice cannot be explained word by word.",
  "why.long": "Choose a passage below to see its words.",
  "why.now": (seconds) => `Weigh every word (about ${seconds} s)`,

  "long.title": "Passage by passage: up for positive, down for negative",
  "long.any": "Passage by passage",
  "long.passage": "Passage",
  "long.verdict": (i, n, label, score) => `Passage ${i} of ${n}: ${label}, ${score}`,

  "share.copy": "Copy a link to it",

  "net.none": "0 bytes sent",
  "net.sent": (bytes, requests) =>
    requests === 0
      ? "0 bytes sent since the model arrived"
      : `${bytesOf(bytes, "bytes")} sent since the model arrived, in ${requests} request${s(requests)}`,
  "net.how":
    "Counted live: every request of this page and its workers since the model was ready, with the bytes of its address and body. The page’s policy, connect-src 'self', lets it reach no other site. Not counted: this page’s own files, whether the page loads them or the service worker stores them or checks for a new version.",
  "net.page-only": "While there is no service worker, only the page’s own requests are counted, not its workers’.",
  "net.frame": "by the frame that fetches models",

  "offline.ready": "Works offline",
  "offline.update": "A new version is ready.",
  "offline.reload": "Reload",
  "offline.install": "Install this page",

  "examples.title": "Or try one of these",
  "examples.long": "A long read: one film and 32 reviews",
  "code.title": "The same in your page",

  "bulk.title": "Dip a whole table.",
  "bulk.lede":
    "Drop a CSV, JSONL or plain list, choose the column, and take it back with labels and scores, for several tasks in one pass. It never leaves your device, so it may be as private and as long as you like.",
  "bulk.choose": "Choose a file",
  "bulk.sample": "Take 1,000 made-up reviews",
  "bulk.drop": "or drop one here",
  "bulk.paste": "Or paste rows, one to a line",
  "bulk.rows": "The rows and their labels",

  "teach.title": "Teach it your labels.",
  "teach.lede":
    "Name two labels or more, give each a few examples, and the model learns them here, in seconds. Your examples stay on this device.",
  "teach.add": "Add a label",
  "teach.sample": "Use sample support mail",
  "teach.open": "Open a table or a head",
  "teach.drop": "or drop one here",
  "teach.other": "Reject what resembles none of them",
  "teach.start": "Teach",
  "teach.clear": "Start over",
  "teach.save": "Save the examples",
  "teach.try-hint": "Type a text that it has not seen",

  "model.title": "Bring your own paper.",
  "model.lede":
    "Any BERT-family classifier in a folder of Hugging Face layout: config.json, tokenizer.json and an ONNX file. The whole page then reads with it.",
  "model.choose": "Choose a folder",
  "model.drop": "or drop one here",
  "model.url": "Or its address",
  "model.fetch": "Fetch",
  "model.policy":
    "This page can reach no site but its own. A sandboxed frame fetches models from elsewhere and cannot see the page: your text stays here.",
  "model.busy": "A table or your labels are being processed: finish or cancel that first.",

  "speed.title": "How fast is it here?",
  "speed.lede":
    "The project’s own benchmark, in your browser: texts of 16, 32 and 128 tokens, one thread, the median of many runs after some that warm up.",
  "speed.start": "Measure on this device",

  "foot.colours":
    "Red is negative, blue positive; other labels have other colours. The higher the strip, the higher the score. The packaged models learned from reviews and messages, and every model can be wrong.",
};
