"use client";
import { predict } from "litmus-text";
import { useEffect, useState } from "react";

export default function Page() {
  const [shown, setShown] = useState("");
  useEffect(() => {
    predict("I loved every minute of it").then(
      ({ label, score }) => setShown(`${label} ${score}`),
      (error) => setShown(error.message),
    );
  }, []);
  return <p>{shown}</p>;
}
