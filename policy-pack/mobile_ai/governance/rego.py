"""Evaluates custom Rego rules on the same verified facts as the built-in rules, with OPA itself.

Modules are those of the pack's ``rego/`` folder, of the package ``mobile.ai.governance``. Entries
are what Conftest asks for (https://www.conftest.dev/#evaluating-policies): sets named ``deny``,
``violation`` or ``warn``, or such a name with ``_`` and more, of texts or of objects with ``msg``.
Nothing is undefined in silence: what OPA's strict mode refuses, and what would never be asked for,
is a problem of the module when it is loaded, and a module with a problem denies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.governance.opa.process import EvaluatorError, EvaluatorProcess

TEST_SUFFIX: Final = "_test.rego"
"""End of the name of a file of tests."""
_PACKAGE: Final = "data.mobile.ai.governance"
_ENTRY: Final = r"^(deny|violation|warn)(_[a-zA-Z0-9_]+)?$"
_LIKE_AN_ENTRY: Final = re.compile(rf"(?:{_ENTRY[1:-1]})(?:\..*)?")
_V0: Final = "# mobile-ai: rego v0"
_V1: Final = re.compile(r"import rego\.v1\s*(#.*)?")
_FIELDS: Final[Mapping[str, Any]] = {
    name: {}
    for name in ("sha256", "assessment", "ethical_assessment_approved", "expires", "riskClass")
}
_DATA: Final[Mapping[str, Any]] = {
    "ai_registry": {
        "models": {"*": {"versions": {"*": _FIELDS}}},
        "*": {"*": _FIELDS},
    },
    "jurisdictions": {},
}
_SECONDS: Final = 2.0  # of an evaluation
_COMPILE_SECONDS: Final = 10.0
_TEST_SECONDS: Final = 10.0  # of one test
_TESTS_SECONDS: Final = 600.0
_GRACE_SECONDS: Final = 3.0  # until an evaluator that does not keep its own deadline is killed
_SHOWN: Final = 400  # characters of an error
_BUILT_IN: Final = "that depends on its operands alone, as `time.now_ns` does on the judgement"
_EXPECTED: Final = {
    "mobile_ai_not_error": "an expression that can be true and false",
    "mobile_ai_data_error": "a name that has a value",
}
_CHECK: Final = "correct the module; `mobile-ai policy check` compiles all (docs/adding-a-rule.md)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegoProblem:
    """A problem for which a module is not evaluated."""

    file: str
    line: int
    got: str
    expected: str
    next_step: str = _CHECK

    @property
    def place(self) -> str:
        """Return the file, with the line if there is one."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.place}: got {self.got}; expected {self.expected}. Next: {self.next_step}"


@dataclass(frozen=True, slots=True)
class RegoResult:
    """Messages of the modules for one document."""

    denials: tuple[str, ...]
    warnings: tuple[str, ...]


class Rego:
    """An evaluator with the modules and the data that it was given last."""

    def __init__(self, process: EvaluatorProcess | None = None) -> None:
        """Prepare an evaluator; its process starts with the first modules."""
        self._process = process or EvaluatorProcess(_program)
        self._modules: Mapping[str, str] = {}
        self._problems: tuple[RegoProblem, ...] = ()
        self._data = ""

    def problems(self, modules: Mapping[str, str]) -> tuple[RegoProblem, ...]:
        """Compile modules, unless they are those of the last call; return what is wrong.

        Args:
            modules: Text of each module by its file name; at least one.

        Raises:
            DocumentError: If there is no evaluator, or it does not answer.
        """
        if modules != self._modules:
            self._problems = tuple(self._found(modules))
            self._modules, self._data = dict(modules), ""
        return self._problems

    def evaluate(
        self,
        modules: Mapping[str, str],
        document: Mapping[str, Any],
        *,
        data: Mapping[str, Any],
        now: datetime,
    ) -> RegoResult:
        """Evaluate modules on a document.

        Args:
            modules: As those of `problems`, which found none in them.
            document: The ``input``.
            data: The ``data``.
            now: What ``time.now_ns()`` returns.

        Raises:
            DocumentError: If a module has a problem or cannot be evaluated.
        """
        self._require(modules)
        written = json.dumps(data)
        answer = self._ask(
            {
                "Input": _whole(document),
                "Now": int(now.timestamp()) * 10**9,
                "Seconds": _SECONDS,
                **({} if written == self._data else {"Data": data}),
            },
            seconds=_SECONDS + _GRACE_SECONDS,
        )
        for item in answer.get("problems", ()):
            raise _failed(_told(item))
        self._data = written
        found = answer["found"]
        return RegoResult(
            _messages(found, lambda name: not name.startswith("warn")),
            _messages(found, lambda name: name.startswith("warn")),
        )

    def test(self, modules: Mapping[str, str]) -> Mapping[str, Any]:
        """Run the tests of modules; return their results and the lines that they reached.

        Raises:
            DocumentError: If a module has a problem, or the tests cannot be run.
        """
        self._require(modules)
        answer = self._ask({"Tests": True, "Seconds": _TEST_SECONDS}, seconds=_TESTS_SECONDS)
        for item in answer.get("problems", ()):
            raise _failed(_told(item))
        found: Mapping[str, Any] = answer["tests"]
        return found

    def _require(self, modules: Mapping[str, str]) -> None:
        for one in self.problems(modules):
            raise DocumentError(
                one.place, got=one.got, expected=one.expected, next_step=one.next_step
            )

    def _found(self, modules: Mapping[str, str]) -> Iterator[RegoProblem]:
        versions = {name: _versions(text) for name, text in modules.items()}
        unclear = [name for name, stated in versions.items() if len(stated) != 1]
        for name in unclear:
            yield _of_unclear_version(name, versions[name])
        if unclear:
            return
        asked = {
            "Modules": {
                name: {"Version": versions[name][0], "Text": text} for name, text in modules.items()
            },
            "Package": _PACKAGE,
            "Entry": _ENTRY,
            "Schema": input_schema(),
            "Shape": _DATA,
        }
        answer = self._ask(asked, seconds=_COMPILE_SECONDS)
        for item in answer.get("problems", ()):
            expected = _EXPECTED.get(item["code"], "a module that OPA compiles in strict mode")
            if "undefined function" in item["message"]:
                expected = f"a function of a module, or one of OPA {_BUILT_IN}"
            yield RegoProblem(
                file=item["file"],
                line=item["line"],
                got=item["message"][:_SHOWN],
                expected=expected,
            )
        if not answer.get("problems"):
            yield from _never_asked_for(modules, answer.get("rules", ()))

    def _ask(self, request: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        try:
            return self._process.ask(request, seconds=seconds)
        except EvaluatorError as error:
            self._modules, self._data = {}, ""  # another process has neither
            raise _failed(f"the evaluator: {error}") from error


def _program() -> Path:
    # Imported here: a pack without modules needs no program.
    from mobile_ai.governance.opa.recipe import evaluator_program  # noqa: PLC0415

    return evaluator_program()


@cache
def shared_rego() -> Rego:
    """Return the evaluator of this process."""
    return Rego()


@cache
def input_schema() -> Mapping[str, Any]:
    """Return the JSON Schema that OPA checks every use of ``input`` against."""
    path = Path(__file__).parent / "opa" / "input.schema.json"
    schema: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def _versions(text: str) -> list[str]:
    """Return the versions of Rego that a module states."""
    lines = text.splitlines()
    stated = {"v0": any(line.strip() == _V0 for line in lines)}
    stated["v1"] = any(_V1.fullmatch(line.strip()) for line in lines)
    return [version for version, is_stated in stated.items() if is_stated]


def _of_unclear_version(name: str, stated: list[str]) -> RegoProblem:
    return RegoProblem(
        file=name,
        line=0,
        got="two versions of Rego" if stated else "no version of Rego",
        expected=f"either the line `import rego.v1` or the comment `{_V0}`",
        next_step="state the version that the module is written in (docs/adding-a-rule.md)",
    )


def _never_asked_for(
    modules: Mapping[str, str], rules: Iterable[Mapping[str, Any]]
) -> Iterator[RegoProblem]:
    """Yield rules that nothing would ask for, and files without rules."""
    empty = set(modules)
    for rule in rules:
        file, name, kind = rule["file"], rule["name"], rule["kind"]
        empty.discard(file)
        got = expected = ""
        if name.startswith("data."):
            if not file.endswith(TEST_SUFFIX) or not name.startswith(f"{_PACKAGE}_test."):
                got, expected = f"the rule {name}", "the package mobile.ai.governance"
        elif _LIKE_AN_ENTRY.fullmatch(name):
            if kind != "set" or "." in name:
                got = f"the {kind} `{name}`, which would never fire"
                expected = f"a set: `{name.partition('.')[0]} contains message if {{ ... }}`"
            elif file.endswith(TEST_SUFFIX):
                got, expected = f"`{name}` among tests", "it in a file that is no test"
        elif not rule["used"] and kind != "function" and not file.endswith(TEST_SUFFIX):
            got = f"the {kind} `{name}`, which nothing asks for: it would never fire"
            expected = "a set `deny`, `violation` or `warn`, or a rule that one of them uses"
        if got:
            yield RegoProblem(file=file, line=rule["line"], got=got, expected=expected)
    for file in sorted(empty):
        yield RegoProblem(file=file, line=0, got="no rule", expected="a set `deny` or `warn`")


def _whole(value: Any) -> Any:
    """Return a value with whole numbers as such: the engine has floats only, Rego prints them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def _messages(found: Mapping[str, list[Any]], wanted: Callable[[str], bool]) -> tuple[str, ...]:
    told = {_message(name, item) for name, items in found.items() if wanted(name) for item in items}
    return tuple(sorted(told))


def _message(name: str, item: Any) -> str:
    text = item.get("msg") if isinstance(item, dict) else item
    if isinstance(text, str):
        return text
    return f"`{name}` has {json.dumps(item)}; expected a text, or an object with the text `msg`"


def _told(item: Mapping[str, Any]) -> str:
    place = f"{item['file']}:{item['line']}: " if item["file"] else ""
    return f"{place}{' '.join(item['message'].split())}"[:_SHOWN]


def _failed(got: str) -> DocumentError:
    return DocumentError(
        "policy-pack/rego", got=got, expected="modules that evaluate", next_step=_CHECK
    )
