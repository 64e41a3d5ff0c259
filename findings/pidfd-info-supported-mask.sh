#!/bin/sh
# Linux 7.1 to 7.3: PIDFD_GET_INFO says that it has returned supported_mask to a caller whose struct has no room for it,
# and the field is at another offset than in Linux 6.19 and 7.0.
#
# Expected: linux/pidfd.h promises that the returned mask has no bit for a field that does not fit into the caller's
# struct, and a field, once published, remains at its offset. So a caller checks the bit and reads the field.
# Observed (Debian's kernel 7.3.4; 7.1.13 and 7.2.12 are the same): PIDFD_INFO_SUPPORTED_MASK (bit 5) is returned for
# every size of struct, even for the 64 bytes of the first version. In the 80 bytes of PIDFD_INFO_SIZE_VER2, where the
# header of 6.19 and 7.0 has the field at offset 72, the value is 0: a program built with that header learns that the
# kernel supports nothing. The value is at offset 80, in the 88 bytes of PIDFD_INFO_SIZE_VER3 (kernel 7.0.13 returned
# 0x7f at offset 72 for 80 and for 88 bytes).
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here (x86-64, see findings/kernel).
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

cat >"$work/program.c" <<'C'
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void query(int pidfd, unsigned long size, unsigned long offset) {
  unsigned char info[88] = {1 << 5}; /* PIDFD_INFO_SUPPORTED_MASK */
  uint64_t mask, supported;
  if (ioctl(pidfd, _IOC(_IOC_READ | _IOC_WRITE, 0xFF, 11, size), info) != 0) {
    perror("PIDFD_GET_INFO");
    return;
  }
  memcpy(&mask, info, sizeof mask);
  printf("struct of %lu bytes: the mask %s bit 5", size, mask & 1 << 5 ? "has" : "lacks");
  if (offset != 0) {
    memcpy(&supported, info + offset, sizeof supported);
    printf(", offset %lu is 0x%lx", offset, (unsigned long)supported);
  }
  printf("\n");
}

int main(void) {
  int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
  query(pidfd, 64, 0);
  query(pidfd, 80, 72);
  query(pidfd, 88, 80);
}
C
gcc -static -O1 -o "$work/program" "$work/program.c" || exit 2
"$here/kernel" 7.3.4 "$work" "$work/program" >"$work/output" || exit 2
cat "$work/output"
expected='struct of 64 bytes: the mask has bit 5
struct of 80 bytes: the mask has bit 5, offset 72 is 0x0
struct of 88 bytes: the mask has bit 5, offset 80 is 0xff'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
