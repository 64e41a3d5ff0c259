package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.testing.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class OwnedDescriptorTest {
  private TestSystem.Pipe pipe = TestSystem.pipeFarUp();

  @BeforeEach
  void pipeIsOpen() {
    assertTrue(TestSystem.isOpen(pipe.writeEnd()));
  }

  @AfterEach
  void closePipe() {
    pipe.close();
  }

  @Test
  void aNegativeNumberIsNoDescriptor() {
    assertThrows(IllegalArgumentException.class, () -> OwnedDescriptor.take(-1, "nothing"));
  }

  @Test
  void lendsItsNumber() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "a pipe");
    assertEquals(pipe.writeEnd(), owned.number());
    try (OwnedDescriptor.Loan loan = owned.lend()) {
      assertEquals(pipe.writeEnd(), loan.fd());
    }
    assertFalse(owned.isClosed());
    assertTrue(TestSystem.isOpen(pipe.writeEnd()), "the end of a loan closed the descriptor");
    assertEquals("a pipe (descriptor " + pipe.writeEnd() + ")", owned.toString());
    owned.close();
  }

  @Test
  void aNumberIsClaimedOnce() {
    int fd = pipe.writeEnd();
    OwnedDescriptor claimed = OwnedDescriptor.claim(fd, "a claim");
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> OwnedDescriptor.claim(fd, "another"));
    assertTrue(String.valueOf(refused.getMessage()).contains("a claim"), refused.toString());
    claimed.disown();
    assertTrue(TestSystem.isOpen(fd), "what is disowned stays open");
    assertThrows(ClosedDescriptorException.class, claimed::lend);
    claimed.close();
    assertTrue(TestSystem.isOpen(fd), "what is disowned is never closed");
    OwnedDescriptor taken = OwnedDescriptor.take(fd, "a pipe");
    assertThrows(IllegalStateException.class, () -> OwnedDescriptor.claim(fd, "another"));
    try (OwnedDescriptor.Loan loan = taken.lend()) {
      taken.close();
      assertThrows(
          IllegalStateException.class,
          () -> OwnedDescriptor.claim(loan.fd(), "another"),
          "a number that is lent is not free");
    }
    TestSystem.assertClosed(fd);
    OwnedDescriptor.claim(fd, "a number that is free").disown();
  }

  @Test
  void aFormerOwnerDoesNotRemoveTheNextOne() {
    int fd = pipe.writeEnd();
    OwnedDescriptor former = OwnedDescriptor.take(fd, "the former owner");
    // As if the kernel had given the number out again between the close and the removal.
    OwnedDescriptor next = OwnedDescriptor.take(fd, "the next owner");
    former.disown();
    assertThrows(IllegalStateException.class, () -> OwnedDescriptor.claim(fd, "another"));
    next.close();
  }

  @Test
  void closeClosesAtOnceIfNobodyHasALoan() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "a pipe");
    owned.close();
    assertTrue(owned.isClosed());
    TestSystem.assertClosed(pipe.writeEnd());
    assertEquals(-1, TestSystem.readByte(pipe.readEnd()), "the reader sees the end of file");
  }

  @Test
  void whatIsLentCanBeClosedAtOnceAndKeepsItsNumber() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "a pipe");
    try (OwnedDescriptor.Loan loan = owned.lend()) {
      assertTrue(owned.closeNow());
      assertTrue(owned.isClosed());
      assertEquals(-1, TestSystem.readByte(pipe.readEnd()), "the reader sees the end of file");
      assertTrue(TestSystem.isOpen(loan.fd()), "the number is reused during a loan");
    }
    TestSystem.assertClosed(pipe.writeEnd());
    assertTrue(owned.closeNow());
  }

  @Test
  void aClosedDescriptorLendsNothing() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "the pipe in question");
    owned.close();
    var lend = assertThrows(ClosedDescriptorException.class, owned::lend);
    assertTrue(String.valueOf(lend.getMessage()).contains("the pipe in question"));
    var number = assertThrows(ClosedDescriptorException.class, owned::number);
    assertTrue(String.valueOf(number.getMessage()).contains("the pipe in question"));
  }

  @Test
  void closeDuringLoansIsPutOffToTheLast() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "a pipe");
    int fd = pipe.writeEnd();
    try (OwnedDescriptor.Loan first = owned.lend()) {
      try (OwnedDescriptor.Loan second = owned.lend()) {
        assertEquals(first.fd(), second.fd());
        owned.close();
        assertTrue(owned.isClosed());
        assertThrows(ClosedDescriptorException.class, owned::lend);
        assertTrue(TestSystem.isOpen(fd), "closed during two loans");
      }
      assertTrue(TestSystem.isOpen(fd), "closed during one loan");
      assertEquals(1, TestSystem.writeByte(fd, 'x'));
    }
    TestSystem.assertClosed(fd);
  }

  @Test
  void aSecondCloseLeavesTheNumberAloneThatIsAnothersNow() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "a pipe");
    owned.close();
    assertEquals(
        pipe.writeEnd(), TestSystem.duplicate(pipe.readEnd(), pipe.writeEnd()), "recycled");
    owned.close();
    assertTrue(TestSystem.isOpen(pipe.writeEnd()));
  }

  @Test
  void aSecondCloseDuringALoanDoesNotEndIt() {
    OwnedDescriptor owned = OwnedDescriptor.take(pipe.writeEnd(), "a pipe");
    int fd = pipe.writeEnd();
    try (OwnedDescriptor.Loan loan = owned.lend()) {
      owned.close();
      owned.close();
      assertTrue(TestSystem.isOpen(loan.fd()));
    }
    TestSystem.assertClosed(fd);
    assertEquals(fd, TestSystem.duplicate(pipe.readEnd(), fd), "recycled");
    owned.close();
    assertTrue(TestSystem.isOpen(fd));
  }

  /**
   * Tests that no byte reaches another file when borrowers write through a number that is closed
   * and immediately reused.
   */
  @Test
  void noBorrowerHitsARecycledNumber() throws Exception {
    int borrowers = 4;
    TestSystem.Pipe bystander = TestSystem.pipe();
    try {
      for (int round = 0; round < 500; round++) {
        TestSystem.Pipe used = TestSystem.pipeFarUp();
        int number = used.writeEnd();
        OwnedDescriptor owned = OwnedDescriptor.take(number, "round " + round);
        CyclicBarrier start = new CyclicBarrier(borrowers + 2);
        List<Await.Running<Integer>> threads = new ArrayList<>();
        for (int i = 0; i < borrowers; i++) {
          threads.add(Await.start(() -> borrow(owned, start)));
        }
        int closers = round % 2 + 1;
        threads.add(Await.start(() -> {
          start.await();
          for (int i = 0; i < closers; i++) {
            owned.close();
          }
          return 0;
        }));
        start.await();
        recycle(bystander.writeEnd(), number);
        for (Await.Running<Integer> thread : threads) {
          Await.get(thread.result());
        }
        assertTrue(TestSystem.isOpen(number), "the new owner's descriptor was closed");
        assertEquals(
            -TestSystem.NUMBERS.eagain() - 1,
            TestSystem.readByte(bystander.readEnd()),
            "a byte went to the new owner of the number");
        LibC.close(number);
        LibC.close(used.readEnd());
      }
    } finally {
      bystander.close();
    }
  }

  private static int borrow(OwnedDescriptor owned, CyclicBarrier start) throws Exception {
    start.await();
    int loans = 0;
    while (true) {
      try (OwnedDescriptor.Loan loan = owned.lend()) {
        long outcome = TestSystem.writeByte(loan.fd(), 'x');
        assertTrue(
            outcome == 1 || outcome == -TestSystem.NUMBERS.eagain(), () -> "write: " + outcome);
        loans++;
      } catch (ClosedDescriptorException e) {
        return loans;
      }
    }
  }

  /** Reuses a number as soon as it is free. */
  private static void recycle(int fd, int number) {
    Await.until("descriptor " + number + " is free", () -> {
      int copy = TestSystem.duplicate(fd, number);
      if (copy != number) {
        LibC.close(copy);
      }
      return copy == number;
    });
  }
}
