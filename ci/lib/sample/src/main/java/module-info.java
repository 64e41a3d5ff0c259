/** Contains an application that uses the library. */
module sample {
  requires dev.procdesc;
}
