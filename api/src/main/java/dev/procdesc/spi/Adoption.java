package dev.procdesc.spi;

import dev.procdesc.InheritedDescriptor;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import java.util.List;
import java.util.OptionalInt;

/** Takes over descriptors that other code opened in this JVM, or that it was started with. */
public interface Adoption {
  /**
   * Creates the object for a process descriptor of this JVM, and takes ownership of it. The method
   * is specified at {@link ProcessDescriptor#of(int, int)}.
   *
   * @param fd the number of the process descriptor, not negative
   * @param lifeline the number of its lifeline, not negative
   * @return the process
   * @throws ProcessDescriptorException if a descriptor is not open
   */
  ProcessDescriptor adopt(int fd, OptionalInt lifeline) throws ProcessDescriptorException;

  /**
   * Takes the descriptors with which this JVM was started, as {@link InheritedDescriptors#take()}
   * specifies.
   *
   * @param announced the descriptors
   * @return the descriptors, without the lifelines that belong to a process
   * @throws ProcessDescriptorException if one is not open
   */
  List<InheritedDescriptor> inherit(Announcement announced) throws ProcessDescriptorException;
}
