import { predict } from "litmus-text";

/** Rendered on the server for each request. */
export const dynamic = "force-dynamic";

export default async function Page() {
  const { label, score } = await predict("I loved every minute of it");
  return <p>{`${label} ${score}`}</p>;
}
