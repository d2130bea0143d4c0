"""The AWS resource types that the components declare, read off the golden lists of their tests."""

import re
from pathlib import Path
from typing import Final

__all__ = ["aws_types_in_use"]

_GOLDEN: Final = Path(__file__).parents[1] / "components" / "golden"
_TOKEN: Final = re.compile(r"^(aws:[\w/]+:\w+) ", re.MULTILINE)


def aws_types_in_use() -> frozenset[str]:
    """Return every AWS type token of every golden list."""
    texts = [path.read_text() for path in _GOLDEN.glob("*.txt")]
    return frozenset(token for text in texts for token in _TOKEN.findall(text))
