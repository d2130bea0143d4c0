"""Several models as one: what is refused when it is declared, when it is bound, and the answers."""

import numpy as np
import pytest
from pydantic import ValidationError

from edge.models.ensemble import EnsembleModel
from edge.models.graph import EnsembleSettings, order
from edge.runtime import OnnxModel
from edge.serving import ModelIdentity, ModelUnavailableError, Served
from tests.edge.models.world import in_loop, opened, scaled, settings


def served(name, data, *, digest="a"):
    return Served(OnnxModel(data, ModelIdentity(name=name, version="1.0.0", digest=digest * 64)))


def declared(steps, outputs):
    return EnsembleSettings.model_validate(
        {
            "name": "field-assistant",
            "steps": [
                {"name": name, "model": model, "inputs": inputs} for name, model, inputs in steps
            ],
            "outputs": outputs,
        }
    )


VISION = ("vision", "digits", {"image": "image"})
AUDIO = ("audio", "speaker", {"sound": "sound"})
TEXT = ("text", "message", {"a": "vision.scores", "b": "audio.scores"})
ASSISTANT = declared([TEXT, VISION, AUDIO], {"scores": "text.scores", "who": "audio.scores"})


def models():
    return {
        "digits": served("digits", scaled(2.0, inputs=("image",), output="scores")),
        "speaker": served("speaker", scaled(3.0, inputs=("sound",), output="scores")),
        "message": served("message", scaled(10.0, inputs=("a", "b"), output="scores")),
    }


@pytest.mark.parametrize(
    ("steps", "outputs", "said"),
    [
        ([VISION, VISION], {"s": "vision.scores"}, "steps named twice"),
        ([VISION], {"s": "sight.scores"}, r"no step \['sight'\]"),
        ([VISION, AUDIO], {"s": "vision.scores"}, r"nobody uses the outputs of \['audio'\]"),
        ([VISION], {"s": "image"}, r"`<step>\.<output>`|nobody uses"),
        (
            [("a", "digits", {"image": "b.y"}), ("b", "digits", {"image": "a.y"})],
            {"s": "a.y"},
            "a circle of steps",
        ),
        ([("a", "digits", {"image": "a.y"})], {"s": "a.y"}, "a circle of steps"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_read(steps, outputs, said):
    with pytest.raises(ValidationError, match=said):
        declared(steps, outputs)


def test_steps_run_after_those_that_feed_them():
    assert [step.name for step in order(ASSISTANT)][-1] == "text"


def test_vision_audio_and_text_answer_one_request():
    model = EnsembleModel(ASSISTANT, models())

    assert model.platform == "ensemble"
    assert {(spec.name, spec.datatype, spec.shape) for spec in model.inputs} == {
        ("image", "FP32", (-1, 4)),
        ("sound", "FP32", (-1, 4)),
    }
    assert model.batchable
    answers = model.run({name: np.ones((3, 4), np.float32) for name in ("image", "sound")})
    assert answers["scores"].tolist() == [[50.0] * 4] * 3
    assert answers["who"].tolist() == [[3.0] * 4] * 3


def test_a_binding_keeps_its_versions_until_it_is_closed():
    parts = models()
    model = EnsembleModel(ASSISTANT, parts)
    assert [part.in_flight for part in parts.values()] == [1, 1, 1]
    model.close()
    assert [part.in_flight for part in parts.values()] == [0, 0, 0]


def test_another_version_of_a_step_makes_another_digest():
    parts = models()
    one = EnsembleModel(ASSISTANT, parts).identity.digest
    parts["digits"] = served("digits", scaled(4.0, inputs=("image",), output="scores"), digest="b")
    assert EnsembleModel(ASSISTANT, parts).identity.digest != one


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ("digits", scaled(1.0, inputs=("picture",), output="scores"), "takes"),
        ("digits", scaled(1.0, inputs=("image",), output="logits"), "has no output 'scores'"),
        ("digits", scaled(1.0, inputs=("image",), output="scores", width=9), "expected FP32"),
    ],
)
def test_models_that_do_not_fit_are_not_bound(model, data, said):
    parts = {**models(), model: served(model, data)}
    with pytest.raises(ModelUnavailableError, match=said):
        EnsembleModel(ASSISTANT, parts)
    assert all(part.in_flight == 0 for part in parts.values())


def test_a_request_input_of_two_forms_is_refused():
    both = declared(
        [VISION, ("audio", "speaker", {"sound": "image"})],
        {"s": "vision.scores", "t": "audio.scores"},
    )
    parts = {
        **models(),
        "speaker": served("speaker", scaled(1.0, inputs=("sound",), output="scores", width=9)),
    }
    with pytest.raises(ModelUnavailableError, match="input image would have two forms"):
        EnsembleModel(both, parts)


def test_one_model_without_rows_makes_the_ensemble_unjoinable():
    parts = models()
    parts["digits"] = served("digits", scaled(1.0, inputs=("image",), output="scores", batch=1))
    assert not EnsembleModel(ASSISTANT, parts).batchable


@pytest.mark.usefixtures("here")
@in_loop
async def test_two_sensors_are_one_model(git, tmp_path):
    sensors = ("accelerometer", "gyroscope")
    git.add("1.0.0", scaled(0.5, inputs=sensors), 1.0, name="activity", inputs=sensors)
    follow = [{"model": "activity", "variant": "int8-onnx"}]

    async with opened(settings(tmp_path, follow=follow)) as table:
        model = table.route("activity", None, []).model
        assert [spec.name for spec in model.inputs] == list(sensors)
        assert model.batchable
        values = {name: np.full((2, 4), 3.0, np.float32) for name in sensors}
        assert model.run(values)["y"].tolist() == [[3.0] * 4] * 2
