const { predict } = require("litmus-text");

predict("I loved every minute of it").then(({ label, score }) => console.log(`${label} ${score}`));
