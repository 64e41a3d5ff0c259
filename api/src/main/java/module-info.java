/**
 * Child processes as descriptors: the API that applications compile against, and the service
 * interface that a backend for one operating system implements.
 */
module dev.procdesc {
  requires static org.jspecify;

  exports dev.procdesc;
  exports dev.procdesc.spi;

  uses dev.procdesc.spi.Backend;
}
