// Examples to begin with: support mail.
export const sample = [
  {
    name: "refund",
    texts: [
      "I want my money back",
      "Please refund my last order",
      "How do I get a refund?",
      "Cancel it and pay me back",
      "I was charged twice, return one of the payments",
      "The shoes do not fit, I would like my money back",
      "You still owe me 20 dollars for the broken lamp",
      "When will the refund reach my account?",
    ],
  },
  {
    name: "shipping",
    texts: [
      "Where is my parcel?",
      "My order has not arrived",
      "The delivery is three days late",
      "The courier never came",
      "Tracking has said “in transit” for a week",
      "Can you send it to another address?",
      "Do you deliver on Saturdays?",
      "The package was left at the wrong house",
    ],
  },
  {
    name: "praise",
    texts: [
      "Thank you, that was quick!",
      "Best service I have had in years",
      "The new bag is beautiful, well done",
      "You made my daughter very happy",
      "Great support, she solved it in a minute",
      "I recommend you to everyone",
      "Everything works perfectly, thanks",
      "What a lovely surprise in the box",
    ],
  },
];
