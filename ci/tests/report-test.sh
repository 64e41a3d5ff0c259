#!/usr/bin/env bash
# The frame in which a report travels.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../lib/common.sh
. "$CI/lib/common.sh"
# shellcheck source=../lib/report.sh
. "$CI/lib/report.sh"
RUN_LIST=(root tester)

mkdir -p "$WORLD/guest/root"
echo 'evidence' >"$WORLD/guest/root/result"
printf 'root.exit=0\nroot.seconds=3\nroot.left_behind=0\ntester.exit=2\ntester.seconds=4\n' >"$WORLD/guest/status"
frame "$WORLD/guest" complete "$WORLD/good"
frame "$WORLD/guest" partial "$WORLD/partial"
length=$(stat -c %s "$WORLD/good")

out=$WORLD/out
ends 'a whole frame' 0 complete report_unpack "$WORLD/good" "$out"
equals 'its contents' "$(cat "$out/root/result")" evidence
truncate -s 8M "$WORLD/good" # as on a disk, where more follows
ends 'a frame on a larger disk' 0 complete report_unpack "$WORLD/good" "$out"
truncate -s "$length" "$WORLD/good"
ends 'a checkpoint' 0 partial report_unpack "$WORLD/partial" "$out"

# Every truncation is seen, wherever it falls.
for cut in 0 10 100 4095 4096 5000 $((length - 1)); do
    head -c "$cut" "$WORLD/good" >"$WORLD/cut"
    run report_unpack "$WORLD/cut" "$WORLD/out-cut"
    equals "cut at $cut" "$STATUS" 1
    holds "cut at $cut: the reason is given" [ -n "$OUTPUT" ]
    holds "cut at $cut: nothing is unpacked" [ ! -e "$WORLD/out-cut" ]
done
contains 'the reason' "$OUTPUT" "the report is truncated: $((length - 4097)) of $((length - 4096)) bytes"

cp "$WORLD/good" "$WORLD/bad"
printf 'X' | dd of="$WORLD/bad" bs=1 seek=5000 conv=notrunc status=none
ends 'one wrong byte' 1 'SHA-256 does not match' report_unpack "$WORLD/bad" "$WORLD/out-bad"
truncate -s 1M "$WORLD/empty"
ends 'an untouched disk' 1 'no report was written' report_unpack "$WORLD/empty" "$WORLD/out-bad"
ends 'no disk at all' 1 'no report was written' report_unpack "$WORLD/nothing" "$WORLD/out-bad"
for header in 'PROCDESC-REPORT 2 1 2 complete' 'PROCDESC-REPORT 1 -5 00 complete' 'PROCDESC-REPORT 1 5' \
    "PROCDESC-REPORT 1 99999999999999999999 $(printf '%064d' 0) complete" "PROCDESC-REPORT 1 5 $(printf '%064d' 0) done"; do
    { echo "$header" | dd bs=4096 conv=sync status=none; echo hello; } >"$WORLD/header"
    ends "header $header" 1 'damaged header' report_unpack "$WORLD/header" "$WORLD/out-bad"
done
holds 'nothing is unpacked from a damaged report' [ ! -e "$WORLD/out-bad" ]

# A guest cannot write outside of the report's directory.
mkdir -p "$WORLD/evil"
(cd "$WORLD/evil" && echo x >f && tar -cPf "$WORLD/evil.tar" --transform 's,^f$,../escaped,' f)
{
    printf 'PROCDESC-REPORT 1 %d %s complete\n' "$(stat -c %s "$WORLD/evil.tar")" "$(sha256sum <"$WORLD/evil.tar" | cut -d ' ' -f 1)" |
        dd bs=4096 conv=sync status=none
    cat "$WORLD/evil.tar"
} >"$WORLD/evil.frame"
run report_unpack "$WORLD/evil.frame" "$WORLD/inner/out"
holds 'a path with .. is not unpacked' [ ! -e "$WORLD/inner/escaped" ]

# The verdict.
run report_verdict "$out" root tester
equals 'the worst of two runs' "$STATUS" 2
contains 'a line for each run' "$OUTPUT" 'tester: exit status 2 in 4 s'
run report_verdict "$out" root
equals 'one good run' "$STATUS" 0
echo 'root.exit=' >"$out/status"
ends 'a run without a status' 70 'no exit status' report_verdict "$out" root
echo 'root.exit=77' >"$out/status"
run report_verdict "$out" root
equals '77 of the kit is not "not run"' "$STATUS" 1
run report_verdict "$WORLD/nowhere" root
equals 'no status file' "$STATUS" 70

# Old results do not pass for new ones; what is not ours stays.
mkdir -p "$out/root"
touch "$out/mine"
report_clear "$out"
equals 'what is left after clearing' "$(ls "$out")" mine
