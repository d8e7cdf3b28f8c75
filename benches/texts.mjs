/** The first text that load measurements predict. Its label is "positive". */
export const first = "a gorgeous, witty, seductive movie";

/** Source of texts with an exact number of tokens. */
export const passage = `
The film opens on a quiet street at dawn and takes its time to tell us who lives there. A baker, a
widow, two boys who skip school, and a dog that seems to belong to everyone. Nothing much happens
for half an hour, and yet I could not look away, because every face is watched with such patience
and such good humour. When trouble comes it comes softly, with a letter, and the street divides
over what to do about it. Some of the speeches run on too long, and the music insists where silence
would have been better, but the ending earns its tears. I walked home slowly, past a bakery, and
found that I was smiling at strangers. It is a small picture with a large heart, badly sold by its
poster, and I hope that it finds the people who need it before it is gone.`;

/**
 * A mixed batch: short and long, tidy and untidy. The complaints come first: in the long example of the demo
 * they make passages of one tone each.
 */
export const batch = [
  "I want my money back.",
  "The sound is thin and the buttons feel cheap, but for this price I cannot really complain.",
  "no no no",
  "The plot makes no sense, the jokes do not land, and by the second hour even the actors look as if they would rather be elsewhere.",
  "Meh 😐",
  "Support answered after nine days, and then only to say that they could not help.",
  "A beautiful bore.",
  "Broken on arrival.",
  "Overpriced, overcooked and over-salted.",
  "Not the worst way to spend an evening.",
  "The room smelled of smoke, the window would not close and the lift was out of order for all four days of our stay.",
  "Charming, clever, and ten minutes too long.",
  "Do not buy this.",
  "The courier left it in the rain.",
  "I fell asleep twice.",
  "The update deleted my notes, and there is no way to get them back.",
  "Great.",
  "It arrived on time and works as described.",
  "An absolute joy from the first page to the last.",
  "We were seated at once, served with a smile, and nobody hurried us, which on a Saturday night in this town is a small miracle.",
  "Best soup I have had in years!!!",
  "My daughter has worn these boots every day since October and they still look new.",
  "It is fine.",
  "The new version starts twice as fast and has not crashed once; whoever fixed this, thank you.",
  "I did not expect to cry over a film about a tractor, and yet here we are.",
  "She sings as if nobody had ever sung the song before.",
  "The manual is eighty pages long and does not say how to switch it off.",
  "I have recommended this to everyone I know, and two of them have already thanked me.",
  "Five stars 🌟🌟🌟🌟🌟",
  "What begins as a tired comedy about neighbours turns, almost without your noticing, into something tender and rather brave.",
  "It does exactly one thing and it does that perfectly.",
  "Everything about this place feels cared for, from the bread to the flowers on the tables.",
];
