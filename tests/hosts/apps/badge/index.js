export { predict } from "litmus-text";
