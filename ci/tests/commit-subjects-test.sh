#!/usr/bin/env bash
# Tests of ci/commit-subjects on repositories made here.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TREE=$WORLD/tree
mkdir -p "$TREE/ci"
cp "$CI/commit-subjects" "$TREE/ci/"
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git -C "$TREE" init -q -b main

commit() { git -C "$TREE" commit -q --allow-empty -m "$1"; }
# refused SUBJECT PART: the subject is reported with that reason.
refused() {
    commit "$1"
    ends "$1" 1 "$2" "$TREE/ci/commit-subjects" HEAD~1..HEAD
}
accepted() {
    commit "$1"
    ends "$1" 0 '1 commit subjects checked, 0 do not' "$TREE/ci/commit-subjects" HEAD~1..HEAD
}

commit 'Everything was written otherwise once'
refused 'The guardian is gone' 'does not begin with an area'
refused 'linux: close the pipe' 'a capital letter'
refused 'linux: Closes the pipe' 'imperative'
refused 'linux: Closed the pipe' 'imperative'
refused 'linux: Closing the pipe' 'imperative'
refused 'linux: The pipe is closed' 'imperative'
refused 'linux: Close the pipe.' 'a period'
refused "linux: Close $(printf 'x%.0s' {1..60})" '73 columns'
accepted "linux: Close $(printf 'x%.0s' {1..59})"
accepted "linux: Close $(printf 'ü%.0s' {1..59})"
accepted 'posix, freebsd: Retry a spawn that fails with EAGAIN'
accepted 'README: Explain "pd"'
accepted 'ci/matrix: Pass --quick'
accepted '.ci/run: Check commit subjects'
accepted 'linux: Bring the descriptor along'

# All that there is, where the base is missing, as in a shallow clone.
ends 'without the base' 1 '16 commit subjects checked, 9 do not' "$TREE/ci/commit-subjects"
git clone -q --depth 2 "file://$TREE" "$WORLD/shallow"
mkdir -p "$WORLD/shallow/ci"
cp "$CI/commit-subjects" "$WORLD/shallow/ci/"
ends 'a shallow clone' 0 '2 commit subjects checked, 0 do not' "$WORLD/shallow/ci/commit-subjects"

# The base and its ancestors are exempt, and merges are.
base=$(git -C "$TREE" rev-parse 'HEAD~7')
sed -i "s/^BASE=.*/BASE=$base/" "$TREE/ci/commit-subjects"
ends 'since the base' 0 '7 commit subjects checked, 0 do not' "$TREE/ci/commit-subjects"
git -C "$TREE" checkout -q -b side HEAD~1
commit 'linux: Add a side'
git -C "$TREE" checkout -q main
git -C "$TREE" merge -q -m 'Merged' side
ends 'a merge' 0 '8 commit subjects checked, 0 do not' "$TREE/ci/commit-subjects"
ends 'an unknown range' 128 'nothing-such' "$TREE/ci/commit-subjects" nothing-such
