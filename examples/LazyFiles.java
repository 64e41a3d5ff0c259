import dev.procdesc.DescriptorOnly;
import dev.procdesc.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Properties;

/*
 * Enters the descriptor-only mode, and then works. With the argument "lazy" it opens its
 * configuration and looks up a host when it needs them, which the mode refuses; with the argument
 * "prepared" it has done both before. The time zone and the character set need no preparation.
 *
 * Run it with the JAR of pd, which contains the library (on JDK 24 and newer add
 * --enable-native-access=ALL-UNNAMED):
 *
 *     ./pd sandbox-check -- java -cp cli/target/pd.jar examples/LazyFiles.java lazy
 *     ./pd sandbox-check -- java -cp cli/target/pd.jar examples/LazyFiles.java prepared
 *     java -cp cli/target/pd.jar examples/LazyFiles.java prepared
 */
public class LazyFiles {
  private static final Path CONFIGURATION = Path.of(".mvn/wrapper/maven-wrapper.properties");

  private interface Source<T> {
    T get() throws IOException;
  }

  public static void main(String[] arguments) throws IOException {
    Source<InputStream> configuration = () -> Files.newInputStream(CONFIGURATION);
    Source<InetAddress> host = () -> InetAddress.getByName("localhost");
    if (arguments[0].equals("prepared")) {
      InputStream open = configuration.get();
      InetAddress known = host.get();
      configuration = () -> open;
      host = () -> known;
    }
    Platform.current().enterDescriptorOnlyMode(DescriptorOnly.FILES);

    Properties properties = new Properties();
    try (InputStream in = configuration.get()) {
      properties.load(in);
    }
    System.out.println(properties.stringPropertyNames().isEmpty() ? "no properties" : "properties");
    System.out.println(host.get().isLoopbackAddress());
    System.out.println(ZonedDateTime.now(ZoneId.of("Asia/Tokyo")).getOffset());
    System.out.println(Charset.forName("IBM037").newEncoder().canEncode('a'));
  }
}
