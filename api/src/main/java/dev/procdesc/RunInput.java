package dev.procdesc;

import java.io.InputStream;
import java.nio.file.Path;

/** The input of a child of {@link Spawner#run()}. */
sealed interface RunInput {
  /** The input that the spawner sets, or none. */
  record Absent() implements RunInput {}

  /** Bytes, which must not be changed. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Bytes(byte[] bytes) implements RunInput {}

  /** A file, which the child reads itself. */
  record OfFile(Path path) implements RunInput {}

  /** A stream, which a thread reads. */
  record Stream(InputStream stream) implements RunInput {}
}
