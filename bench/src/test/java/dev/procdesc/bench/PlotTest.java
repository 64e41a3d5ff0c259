package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

final class PlotTest {
  private static final Measurement ABSENT = Measurement.without(Missing.notRun("too many"));

  @BeforeAll
  static void requireFonts() {
    try {
      Plot.requireFonts();
    } catch (IOException e) {
      Assumptions.abort(e.toString());
    }
  }

  private static Measurement measurement(long nanos) {
    Measurement measurement = new Measurement();
    Samples samples = new Samples();
    samples.add(nanos);
    measurement.add(samples);
    return measurement;
  }

  private static Scaling.Point point(int x, Measurement ours, Measurement c, Measurement jdk) {
    return new Scaling.Point(
        x,
        x + " descriptors",
        List.of(
            new Scaling.Peer(Scaling.PROCDESC, ours),
            new Scaling.Peer(Scaling.C, c),
            new Scaling.Peer(Scaling.JDK, jdk)));
  }

  private static Scaling scaling(Scaling.Point... points) {
    return new Scaling("descriptors", "open descriptors", List.of(points));
  }

  /** Draws a plot, and returns the number of paths with a line of a certain width. */
  private static Document draw(Scaling scaling, Path directory) throws Exception {
    Path file = Plot.draw(scaling, directory).orElseThrow();
    assertEquals(directory.resolve("descriptors.svg"), file);
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    // The document names the type definition of SVG, which a parser would fetch.
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    return factory.newDocumentBuilder().parse(file.toFile());
  }

  /** Returns the colors of the lines, apart from black, white and shades of gray. */
  private static List<String> colors(Document document) {
    List<String> colors = new ArrayList<>();
    for (String tag : List.of("path", "polyline", "line")) {
      for (int i = 0; i < document.getElementsByTagName(tag).getLength(); i++) {
        String style = ((Element) document.getElementsByTagName(tag).item(i)).getAttribute("style");
        if (style.matches(".*stroke:rgb\\((?!(\\d+),\\1,\\1\\)).*") && !colors.contains(style)) {
          colors.add(style);
        }
      }
    }
    return colors;
  }

  @Test
  void aPlotIsAPictureOfALineForEachPeer(@TempDir Path directory) throws Exception {
    Document document = draw(
        scaling(
            point(0, measurement(500_000), measurement(400_000), measurement(1_400_000)),
            point(1000, measurement(500_000), measurement(600_000), measurement(100_000_000))),
        directory.resolve("new/directory"));
    assertEquals("svg", document.getDocumentElement().getTagName());
    assertEquals(3, colors(document).size(), colors(document).toString());
  }

  @Test
  void absentMeasurementsAreNotDrawn(@TempDir Path directory) throws Exception {
    Document document = draw(
        scaling(
            point(0, measurement(500_000), ABSENT, measurement(1_400_000)),
            point(1000, measurement(500_000), ABSENT, ABSENT)),
        directory);
    assertTrue(colors(document).size() < 3, colors(document).toString());
  }

  @Test
  void nothingIsDrawnWithoutMeasurements(@TempDir Path directory) throws Exception {
    assertEquals(Optional.empty(), Plot.draw(scaling(point(0, ABSENT, ABSENT, ABSENT)), directory));
    try (var files = Files.list(directory)) {
      assertEquals(0, files.count());
    }
  }
}
