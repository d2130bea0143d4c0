#!/usr/bin/env bash
# Replace this checkout's data by a commit's data, and nothing else by anything.
#
# The gate runs with the code, the pack and the lock of the protected branch; a pull request brings
# stack files, models, usage, releases and waivers. What it changes besides is listed, not taken.
#
#   take-data.sh COMMIT        the commit must have been fetched
set -euo pipefail
export GIT_LITERAL_PATHSPECS=1

# Names end in NUL from here to there: git quotes odd ones otherwise, and a quoted name matches nothing.
pick() { grep -zaE "$@" || [ $? -eq 1 ]; }

commit=${1:?usage: take-data.sh COMMIT}
git rev-parse --quiet --verify "$commit^{commit}" >/dev/null || {
  echo "take-data: got '$commit'; expected a commit that was fetched. Next: git fetch it." >&2
  exit 2
}
data='^(Pulumi\.[^/]+\.yaml$|models/|usage/|releases/|policy-pack/waivers/)'

# A link in the data could name a file outside of it; a submodule could be anything.
odd=$(git ls-tree -r -z "$commit" | pick -v '^100' | cut -z -f2- | pick "$data" | tr '\0' '\n')
if [ -n "$odd" ]; then
  printf 'take-data: expected plain files only; got\n%s\nNext: replace links by the files themselves.\n' "$odd" >&2
  exit 2
fi

# What the commit changed since it left the branch, not what the branch has changed since.
base=$(git merge-base HEAD "$commit")
others=$(git diff -z --name-only "$base" "$commit" | pick -v "$data" | tr '\0' '\n')
git ls-files -z | pick "$data" | xargs -0 --no-run-if-empty git rm --quiet --
git ls-tree -r -z --name-only "$commit" | pick "$data" |
  xargs -0 --no-run-if-empty git checkout --quiet "$commit" --
if [ -n "$others" ]; then
  printf 'Judged with the branch'\''s own version of these changed files:\n%s\n' "$others"
fi
