#!/usr/bin/env bash
# Replace this checkout's data by the data of its merge with a commit, and nothing else by anything.
#
# The gate runs with the code, the pack and the lock of the protected branch; a pull request brings
# stack files, models, usage, image records, releases and waivers. What it changes besides is listed, not taken.
# Judged is what merging would give: a branch that is behind brings back nothing that the protected
# branch has changed since.
#
#   take-data.sh COMMIT        the commit must have been fetched; exit 2: nothing was taken
set -euo pipefail
export GIT_LITERAL_PATHSPECS=1
# A request's own `.gitattributes` could choose how its files are merged and written, and the
# machine's settings could name drivers for it: none is read. https://git-scm.com/docs/gitattributes
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1
export GIT_ATTR_SOURCE
GIT_ATTR_SOURCE=$(git hash-object -t tree /dev/null)

# Names end in NUL from here to there: git quotes odd ones otherwise, and a quoted name matches nothing.
# Names are shown in a log and a summary: none starts a line there, or is more than text.
list() { tr '\001-\037\177' '?' | tr '\0' '\n' | sed 's/##\[/#[/g; s/^/- /'; }
pick() { grep -zaE "$@" || [ $? -eq 1 ]; }
refuse() {
  printf 'take-data: expected %s; got\n%s\nNext: %s.\n' "$1" "$2" "$3" >&2
  exit 2
}

commit=${1:?usage: take-data.sh COMMIT}
git rev-parse --quiet --verify "$commit^{commit}" >/dev/null ||
  refuse "a commit that was fetched" "$commit" "git fetch it"
data='^(Pulumi\.[^/]+\.yaml$|models/|usage/|images/|releases/|policy-pack/waivers/)'

# In a bare clone of its own: no attributes, hooks or drivers of this checkout are in it.
judge=$(mktemp -d)
trap 'rm -rf "$judge"' EXIT
git clone --quiet --bare --shared --template= . "$judge"
tree=$(git -C "$judge" merge-tree --write-tree "$(git rev-parse HEAD)" "$commit") ||
  refuse "a commit that merges without a conflict" "$tree" "merge the protected branch into it"
show() { git -C "$judge" "$@"; }

# A link in the data could name a file outside of it; a submodule could be anything.
odd=$(show ls-tree -r -z "$tree" | pick -v '^100' | cut -z -f2- | pick "$data" | list)
[ -z "$odd" ] || refuse "plain files only" "$odd" "replace links by the files themselves"
odd=$(show ls-tree -r -z --name-only "$tree" | pick "$data" | pick '(^|/)\.git[^/]*$' | list)
[ -z "$odd" ] || refuse "no settings of git among the data" "$odd" "remove them"
odd=$(show ls-tree -r -z --name-only "$tree" | pick "$data" | sort -zf | uniq -zDi | list)
[ -z "$odd" ] || refuse "names that differ by more than their case" "$odd" "rename one of them"

others=$(show diff-tree -r -z --no-renames --name-only "$(git rev-parse HEAD)" "$tree" | pick -v "$data" | list)
git ls-files -z | pick "$data" | xargs -0 --no-run-if-empty git rm --quiet --
# Byte for byte as committed: a checkout would convert what attributes name.
show ls-tree -r -z --name-only "$tree" | pick "$data" | while IFS= read -r -d '' name; do
  mkdir -p "$(dirname "./$name")"
  show cat-file blob "$tree:$name" >"./$name"
done
# Roots that the request proposes are judged by beside the protected branch's own, never in their place.
if ! show diff-tree -r --quiet "$(git rev-parse HEAD)" "$tree" -- policy-pack/stacks.yaml; then
  mkdir -p build/proposed
  show cat-file blob "$tree:policy-pack/stacks.yaml" >build/proposed/stacks.yaml || : >build/proposed/stacks.yaml
fi
if [ -n "$others" ]; then
  printf 'Judged with the branch'\''s own version of these changed files:\n%s\n' "$others"
fi
