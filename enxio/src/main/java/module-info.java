/**
 * Contains channels for the selectors of jnr-enxio: the end of a process, and the pipes to a child.
 */
// The JNR artifacts are automatic modules.
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module dev.procdesc.enxio {
  requires transitive dev.procdesc;
  requires static org.jspecify;
  requires transitive org.jnrproject.enxio;

  exports dev.procdesc.enxio;
}
