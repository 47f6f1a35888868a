// The one form of wavefile that Node and bundlers read alike: its package names another, with other exports, for bundlers.
declare module "wavefile/dist/wavefile.js" {
  import wavefile from "wavefile";

  export default wavefile;
}
