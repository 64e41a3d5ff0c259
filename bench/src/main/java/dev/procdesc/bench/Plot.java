package dev.procdesc.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;

/**
 * Draws plots as SVG. Texts are drawn as paths on a white background, so a plot looks the same
 * everywhere.
 */
final class Plot {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 400;
  private static final double NANOS_PER_MILLI = 1e6;

  /** The ratio of the longest time to the shortest from which on the axis is logarithmic. */
  private static final double LOGARITHMIC = 20;

  private static final Color GRID = new Color(0xDD, 0xDD, 0xDD);

  static {
    // The machine may have no display.
    System.setProperty("java.awt.headless", "true");
  }

  private Plot() {}

  /**
   * Loads Java's fonts, which draw the texts.
   *
   * @throws IOException if a library of the system is missing
   */
  static void requireFonts() throws IOException {
    try {
      new Font(Font.SANS_SERIF, Font.PLAIN, 12)
          .getLineMetrics("0", new FontRenderContext(null, false, false));
    } catch (LinkageError | InternalError e) {
      throw new IOException(
          "plots need Java's fonts (in Debian: libharfbuzz0b, libfontconfig1, fonts-dejavu-core): "
              + e.getMessage(),
          e);
    }
  }

  /**
   * Draws the results to a file in a directory, which is created.
   *
   * @return the file; empty if there are no results
   */
  static Optional<Path> draw(Scaling scaling, Path directory) throws IOException {
    List<Line> lines = Scaling.names().stream()
        .map(name -> Line.of(scaling, name))
        .filter(line -> !line.x().isEmpty())
        .toList();
    if (lines.isEmpty()) {
      return Optional.empty();
    }
    XYChart chart = new XYChartBuilder()
        .width(WIDTH)
        .height(HEIGHT)
        .title(scaling.title())
        .xAxisTitle(scaling.axis())
        .yAxisTitle("milliseconds")
        .build();
    lines.forEach(line -> chart.addSeries(line.name(), line.x(), line.y()));
    style(chart.getStyler(), lines);
    Files.createDirectories(directory);
    Path file = directory.resolve(scaling.name() + ".svg");
    try (OutputStream out = Files.newOutputStream(file)) {
      VectorGraphicsEncoder.saveVectorGraphic(
          chart, out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
    }
    return Optional.of(file);
  }

  private static void style(XYStyler styler, List<Line> lines) {
    DoubleSummaryStatistics times =
        lines.stream().flatMap(line -> line.y().stream()).mapToDouble(y -> y).summaryStatistics();
    if (times.getMax() / times.getMin() >= LOGARITHMIC) {
      styler.setYAxisLogarithmic(true);
    } else {
      styler.setYAxisMin(0.0);
    }
    styler.setLocale(Locale.ROOT);
    styler.setXAxisDecimalPattern("#,##0.##");
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setLegendPosition(Styler.LegendPosition.OutsideE);
    styler.setLegendBorderColor(Color.WHITE);
    // Dashes, which are usual, would make the file three times as big.
    styler.setPlotGridLinesStroke(new BasicStroke(1));
    styler.setPlotGridLinesColor(GRID);
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
  }

  /** A line of the plot: the measured points of one peer. */
  private record Line(String name, List<Double> x, List<Double> y) {
    static Line of(Scaling scaling, String name) {
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (Scaling.Point point : scaling.points()) {
        Measurement measurement = point.of(name);
        if (measurement.missing().isEmpty()) {
          x.add(point.x());
          y.add(measurement.median() / NANOS_PER_MILLI);
        }
      }
      return new Line(name, x, y);
    }
  }
}
