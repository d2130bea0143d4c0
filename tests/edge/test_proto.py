"""The generated messages match the proto file beside them."""

from tests.tools.protocol import ROOT, generate


def test_messages_are_generated_from_the_protocol() -> None:
    generated = generate()
    assert generated
    for name, text in generated.items():
        assert (ROOT / name).read_text() == text, f"{name}: run python -m tests.tools.protocol"
