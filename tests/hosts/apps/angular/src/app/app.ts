import { Component, signal } from "@angular/core";
import { type Prediction, predict } from "litmus-text";

@Component({
  selector: "app-root",
  template: "@if (prediction(); as it) { {{ it.label }} {{ it.score }} }",
})
export class App {
  readonly prediction = signal<Prediction | undefined>(undefined);

  async ngOnInit() {
    this.prediction.set(await predict("I loved every minute of it"));
  }
}
