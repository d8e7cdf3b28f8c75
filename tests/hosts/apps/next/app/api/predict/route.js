import { LitmusError, predict } from "litmus-text";

export async function POST(request) {
  const text = await request.text();
  try {
    const { label, score } = await predict(text);
    return new Response(`${label} ${score}`);
  } catch (error) {
    const isEmpty = error instanceof LitmusError && error.code === "empty-text";
    if (!isEmpty) throw error;
    return new Response(error.message, { status: 422 });
  }
}
