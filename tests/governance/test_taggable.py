"""The table of taggable types matches the installed SDK."""

import importlib.metadata
import re
from pathlib import Path

from mobile_ai.governance.taggable import taggable_types

_TOKEN = re.compile(r"__self__\).__init__\(\s*'(aws:[^']+)'")


def test_the_table_agrees_with_the_sdk() -> None:
    package = Path(str(importlib.metadata.distribution("pulumi-aws").locate_file("pulumi_aws")))
    found = set()
    for path in package.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        match = _TOKEN.search(source)
        if match and "tags_all" in source:
            found.add(match.group(1))

    assert taggable_types() == found
