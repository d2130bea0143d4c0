"""Code lines per room: neither blank, nor comment, nor docstring.

`python -m tests.tools.house_lines [ROOT]` prints every room and the product, which is all of them
except the sandbox and the test kit.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

PLACES = ("src", "components", "policy-pack", "model-build")
OUTSIDE = ("sandbox", "testing")
LAYOUT = frozenset({"COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER"})


def code_lines(text: str) -> int:
    """Lines of `text` that hold a token of code; a docstring is none."""
    prose = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = (t for t in tokens if tokenize.tok_name[t.type] not in LAYOUT)
    return len({n for t in code for n in range(t.start[0], t.end[0] + 1)} - prose)


def room_of(path: Path) -> str:
    """The folder below `mobile_ai` that holds `path`; of a file outside of it, its first folder."""
    parts = path.parts
    return parts[parts.index("mobile_ai") + 1] if "mobile_ai" in parts else parts[0]


def lines_by_room(root: Path) -> Counter[str]:
    """Code lines of every room below `root`."""
    rooms: Counter[str] = Counter({"program": code_lines((root / "__main__.py").read_text())})
    for place in PLACES:
        for path in (root / place).rglob("*.py"):
            inside = path.relative_to(root)
            if not {"tests", "test"} & set(inside.parts):
                rooms[room_of(inside)] += code_lines(path.read_text())
    return rooms


def product_lines(rooms: Counter[str]) -> int:
    """Code lines of the product: every room but the sandbox and the test kit."""
    return sum(count for room, count in rooms.items() if room not in OUTSIDE)


def main() -> None:
    """Print the rooms, largest first, and the product."""
    rooms = lines_by_room(Path(sys.argv[1] if sys.argv[1:] else "."))
    for room, count in rooms.most_common():
        print(f"{room:14}{count:7}")
    print(f"{'product':14}{product_lines(rooms):7}")


if __name__ == "__main__":
    main()
