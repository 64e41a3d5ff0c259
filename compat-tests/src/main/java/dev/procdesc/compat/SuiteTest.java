package dev.procdesc.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.compat.contract.SpawnContract;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;

/** The rules of the suite itself. */
final class SuiteTest {
  private static final String CAPSICUM = "capsicum-test: ";

  /** All tests of capsicum-test's procdesc.cc. */
  private static final Set<String> CAPSICUM_TESTS = new TreeSet<>(Arrays.asList("""
              Pdfork.Simple Pdfork.InvalidFlag Pdfork.TimeCheck Pdfork.UseDescriptor
              Pdfork.NonProcessDescriptor Pdfork.FromThread PipePdfork.Poll PipePdfork.PollMultiple
              PipePdfork.MultipleRetrieveExitStatus PipePdfork.ChildExit PipePdfork.FdInfo
              PipePdfork.Close PipePdfork.CloseLast Pdfork.OtherUserIfRoot PipePdfork.WaitPidThenPd
              PipePdfork.WaitPdThenPid PipePdforkDaemon.Close PipePdfork.Pdkill
              PipePdforkDaemon.Pdkill Pdfork.PdkillOtherSignal Pdfork.Bagpuss Pdfork.BagpussDaemon
              PipePdfork.NoSigchld PipePdforkDaemon.NoPDSigchld PipePdfork.ModeBits
              PipePdfork.WildcardWait Pdfork.Pdkill Pdfork.PdkillSignal Pdfork.DaemonUnrestricted
              Pdfork.MissingRights PipePdfork.PassProcessDescriptor\
              """.split("\\s+")));

  /** The tests that no test mirrors, because the library has nothing that corresponds. */
  private static final Set<String> NOT_MIRRORED = Set.of(
      // A caller passes no flags, so there is no unknown one.
      "Pdfork.InvalidFlag");

  private static List<Method> tests() {
    List<Method> tests = new ArrayList<>();
    for (Class<?> type : ReflectionSupport.findAllClassesInPackage(
        "dev.procdesc.compat", each -> true, name -> name.endsWith("Test"))) {
      for (Class<? extends java.lang.annotation.Annotation> kind :
          List.of(Test.class, ParameterizedTest.class, TestFactory.class)) {
        tests.addAll(
            AnnotationSupport.findAnnotatedMethods(type, kind, HierarchyTraversalMode.TOP_DOWN));
      }
    }
    return tests;
  }

  @Test
  @Contract("C9")
  void everyTestNamesTheGuaranteeThatItProves() {
    List<Method> tests = tests();
    assertTrue(tests.size() > 100, "the search works");
    for (Method test : tests) {
      Contract contract = test.getAnnotation(Contract.class);
      assertTrue(contract != null && contract.value().length > 0, test.toString());
      for (String id : contract.value()) {
        assertTrue(id.matches("C([1-9]|1[0-2])"), test + ": " + id);
      }
    }
    assertTrue(tests.stream().anyMatch(test -> test.getDeclaringClass() == SpawnContract.class));
  }

  private static boolean hasTag(Method test, String tag) {
    return Stream.of(test, test.getDeclaringClass())
        .flatMap(each -> AnnotationSupport.findRepeatableAnnotations(each, Tag.class).stream())
        .anyMatch(each -> each.value().equals(tag));
  }

  /** A usual build omits the tests that take long. */
  @Test
  @Contract("C9")
  void everyGuaranteeHasATestThatIsQuick() {
    Set<String> all =
        IntStream.rangeClosed(1, 12).mapToObj(number -> "C" + number).collect(Collectors.toSet());
    List<Method> quick =
        tests().stream().filter(test -> !hasTag(test, Tags.LONG)).toList();
    assertEquals(all, guarantees(quick.stream()));
    // The death of a real JVM.
    assertTrue(guarantees(quick.stream().filter(test -> hasTag(test, Tags.JVM))).contains("C7"));
  }

  private static Set<String> guarantees(Stream<Method> tests) {
    return tests
        .flatMap(test -> Stream.of(test.getAnnotation(Contract.class).value()))
        .collect(Collectors.toSet());
  }

  @Test
  @Contract("C9")
  void everyTestOfCapsicumIsMirroredOrNamed() {
    Set<String> mirrored = tests().stream()
        .map(test -> test.getAnnotation(Origin.class))
        .filter(origin -> origin != null)
        .flatMap(origin -> Stream.of(origin.value()))
        .filter(origin -> origin.startsWith(CAPSICUM))
        .map(origin -> origin.substring(CAPSICUM.length()))
        .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(31, CAPSICUM_TESTS.size());
    Set<String> all = new TreeSet<>(mirrored);
    all.addAll(NOT_MIRRORED);
    assertEquals(CAPSICUM_TESTS, all);
    all.retainAll(mirrored);
    all.retainAll(NOT_MIRRORED);
    assertEquals(Set.of(), all, "mirrored, but listed as not mirrored");
  }
}
