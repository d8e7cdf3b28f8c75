import { predict } from "litmus-text";

export async function POST(request) {
  const { label, score } = await predict(await request.text());
  return new Response(`${label} ${score}`);
}
