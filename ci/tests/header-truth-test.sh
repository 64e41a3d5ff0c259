#!/usr/bin/env bash
# ci/header-truth with made-up headers, claims and values, and a real compiler.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
truth=$CI/header-truth
arch=$(uname -m)

mkdir -p "$WORLD/tree/usr/include/linux" "$WORLD/tree/usr/include/$arch-linux-gnu/asm"
cat >"$WORLD/tree/usr/include/linux/made.h" <<'C'
#include <asm/of-arch.h>
#define MADE_ONE 1
#define MADE_ALL 0xFFFFFFFFFFFFFFFFULL
#define MADE_HANDLER ((void (*)(int)) 1)
struct made { long first; int second; size_t third; };
C
echo '#define MADE_NUMBER 435' >"$WORLD/tree/usr/include/$arch-linux-gnu/asm/of-arch.h"
cat >"$WORLD/claims" <<'TXT'
# a comment

ONE = MADE_ONE : linux/made.h
ALL = MADE_ALL : linux/made.h
HANDLER = (long) MADE_HANDLER : linux/made.h
SECOND = offsetof(struct made, second) : stddef.h, linux/made.h
NUMBER = MADE_NUMBER : asm/of-arch.h
FUTURE = MADE_FUTURE : linux/made.h : since 7.1
NEW.HEADER = MADE_OTHER : linux/nothing.h : since 6.13
TXT
values() { printf '%s\n' "ONE $1" 'ALL -1' 'HANDLER 1' 'SECOND 8' 'NUMBER 435' 'FUTURE 9' 'NEW.HEADER 9' >"$WORLD/values"; }
values 1
start=("$truth" --headers "$WORLD/tree" --claims "$WORLD/claims" --values "$WORLD/values" --kernel)

ends 'help' 0 'usage: ci/header-truth' "$truth" --help
ends 'an unknown argument' 2 'unknown argument --colour' "$truth" --colour
ends 'headers of no kernel' 2 'goes with --kernel' "$truth" --claims "$WORLD/claims" --headers "$WORLD/tree"
ends 'no claims' 2 'no claims' "$truth" --claims "$WORLD/nothing"
ends 'no such headers' 2 'no usr/include' "$truth" --claims "$WORLD/claims" --headers "$WORLD" --kernel 6.1
ends 'not built' 69 '' "$truth" --claims "$WORLD/claims" --root "$WORLD" --headers "$WORLD/tree" --kernel 6.1
ends 'no such compiler' 69 'is missing' "${start[@]}" 6.1 --cc no-such-cc

ends 'all right' 0 '5 right, 2 newer than these headers, 0 wrong' "${start[@]}" 5.10.1-2
contains 'what is newer is listed' "$OUTPUT" 'newer: FUTURE (7.1), NEW.HEADER (6.13)'
ends 'no longer newer' 1 'WRONG: NEW.HEADER: MADE_OTHER does not compile' "${start[@]}" 6.13
contains 'but the other is' "$OUTPUT" 'newer: FUTURE (7.1)'
values 2
ends 'a wrong number' 1 'WRONG: ONE is 2 here, and MADE_ONE is not' "${start[@]}" 5.10
contains 'the others are right' "$OUTPUT" '4 right'
values 1
echo 'MORE 1' >>"$WORLD/values"
ends 'a number without a claim' 1 'MORE has no claim' "${start[@]}" 5.10
values 1
sed -i /NUMBER/d "$WORLD/values"
ends 'a claim without a number' 1 'NUMBER has no value' "${start[@]}" 5.10
echo 'nonsense' >>"$WORLD/claims"
ends 'a line that is no claim' 1 'nonsense' "${start[@]}" 5.10
clean 'at the end'
