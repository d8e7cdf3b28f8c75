import { predict } from "litmus-text";

// Not `await`: Parcel's development server puts modules into functions that are not asynchronous.
predict("I loved every minute of it").then(({ label, score }) => {
  document.body.textContent = `${label} ${score}`;
});
